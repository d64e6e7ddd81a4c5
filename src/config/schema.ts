/** The configuration file as zod: every key, its bounds and its default. DESIGN section 15. */
import { z } from 'zod'
import { target, targetKinds } from './targets.ts'
import {
  count,
  duration,
  earlyRef,
  flag,
  labels,
  name,
  parseRef,
  secretRef,
  someTexts,
  text,
  texts,
} from './values.ts'

const says = (message: string) => ({ error: message })
const day = 86_400_000

const listenWords = 'write an address and a port: 127.0.0.1:7420 or [::1]:7420'
const urlWords = 'write a URL with https:// (http:// on loopback)'

const server = z
  .strictObject({
    listen: z
      .string(says(listenWords))
      .regex(/^(\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/, says(listenWords))
      .refine(
        (value) => Number(value.slice(value.lastIndexOf(':') + 1)) <= 65_535,
        says(listenWords),
      )
      .default('127.0.0.1:7420'),
    publicUrl: z
      .string(says(urlWords))
      .max(2048)
      .refine((value) => isOrigin(value), says(`${urlWords}, without user, query and fragment`))
      .optional(),
    results: z.enum(['auto', 'both', 'structured', 'text']).default('auto'),
    budget: z.strictObject({ callsPerMinute: count(1, 1_000_000) }).optional(),
  })
  .prefault({})

const isOrigin = (given: string): boolean => {
  if (!URL.canParse(given)) return false
  const url = new URL(given)
  return (
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username + url.password + url.search + url.hash === ''
  )
}

const store = z
  .strictObject({
    url: z
      .string(says('write env:NAME, file:PATH or a postgres:// URL without a password'))
      .max(2048)
      .refine((value) => parseRef(value) !== undefined || /^postgres(ql)?:\/\//.test(value), {
        error: 'write env:NAME, file:PATH or a postgres:// URL without a password',
      })
      .refine((value) => !value.startsWith('store:'), {
        error:
          'store:KEY cannot be used here, since this is needed to open the store: write env:NAME or file:PATH',
      })
      .refine((value) => value !== 'env:DATABASE_URL', {
        error: "DATABASE_URL is an application's database: write env:COUNTERSIGN_DATABASE_URL",
      })
      .refine((value) => !holdsPassword(value), {
        error: 'holds a password: put the URL into a file (0600) and write file:PATH, or env:NAME',
      })
      .optional(),
  })
  .prefault({})

const holdsPassword = (value: string): boolean =>
  /^postgres(ql)?:\/\/[^/@]*:[^/@]*@/.test(value) || /[?&]password=/i.test(value)

const bucketWords = 'write the name of a bucket'
const s3 = z.strictObject({
  bucket: z
    .string(says(bucketWords))
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, says(bucketWords)),
  endpoint: z.string(says(urlWords)).max(2048).refine(isOrigin, says(urlWords)).optional(),
  region: name.default('us-east-1'),
  prefix: z
    .string(says('write the beginning of the names of objects, such as anchors/'))
    .regex(
      /^([A-Za-z0-9._-]{1,64}\/){0,8}$/,
      says('write folders that end in a slash, such as anchors/'),
    )
    .default(''),
  credentials: name,
  retainDays: count(1, 36_500).default(400),
})
const anchor = z.union(
  [z.strictObject({ dir: z.string().min(1).max(1024) }), z.strictObject({ s3 })],
  {
    error: 'write an anchor as { dir: FOLDER } or { s3: { bucket: .., credentials: .. } }',
  },
)

const nameOfLog =
  'write a name such as acme/prod: letters, digits, dots, dashes, underscores and slashes'
const log = z
  .strictObject({
    name: z
      .string(says(nameOfLog))
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/, says(nameOfLog))
      .default('countersign/local'),
    notary: z
      .strictObject({
        url: z.string(says(urlWords)).max(2048).refine(isOrigin, says(urlWords)),
        token: earlyRef.optional(),
        maxUnsigned: duration(1000, day).prefault('60s'),
      })
      .optional(),
    anchors: z.array(anchor, says('write a list of anchors')).max(16).default([]),
    retention: z
      .array(
        z.strictObject({
          labels: labels.default({}),
          kind: z
            .enum(targetKinds, says(`write a kind of target: ${targetKinds.join(', ')}`))
            .optional(),
          keep: duration(day, 36_500 * day),
        }),
        says('write retention as a list of { labels: {..}, kind: postgres, keep: 400d }'),
      )
      .max(100)
      .default([]),
  })
  .prefault({})

const subject = text
const hashWords = 'write the hash of the passphrase: scrypt:N:r:p:salt:hash'
const identity = z
  .strictObject({
    local: z.strictObject({ subject, groups: texts.default([]) }).optional(),
    approvers: z
      .array(
        z.strictObject({
          subject,
          groups: someTexts,
          passphrase: z
            .string(says(hashWords))
            .regex(
              /^scrypt:\d{4,7}:\d{1,2}:\d{1,2}:[A-Za-z0-9_-]{22,86}:[A-Za-z0-9_-]{43,86}$/,
              says(hashWords),
            ),
        }),
        says('write a list of approvers'),
      )
      .max(1000)
      .default([]),
    issuers: z
      .array(
        z.strictObject({
          issuer: z.string(says(urlWords)).max(2048).refine(isOrigin, says(urlWords)),
          audience: text.optional(),
          groupsClaim: text.default('groups'),
        }),
        says('write a list of issuers'),
      )
      .max(32)
      .default([]),
  })
  .prefault({})

const effect = z.enum(['read', 'write', 'admin'])
const reach = says('write targets as a list of names, or as labels: { env: prod }')
const grant = z.strictObject({
  id: name,
  groups: someTexts,
  targets: z.union(
    [
      z.array(name).min(1, reach).max(1000, reach),
      z.record(text, text).refine((map) => Object.keys(map).length > 0, reach),
    ],
    reach,
  ),
  tools: z.array(name, says('write a list of tools')).min(1, says('names no tool')).max(100),
  effects: z
    .array(effect, says('write a list of read, write, admin'))
    .min(1, says('names no effect: leave it out for [read, write]'))
    .max(3)
    .default(['read', 'write']),
  approval: z
    .strictObject({
      by: someTexts,
      quorum: count(1, 10).default(1),
      within: duration(10_000, 7 * day).prefault('15m'),
      self: flag.default(false),
    })
    .optional(),
  mask: z
    .union([name.transform((one) => [one]), z.array(name).min(1).max(32)], {
      error: 'write a mask profile or a list of them',
    })
    .optional(),
})

export const configFile = z.strictObject({
  server,
  state: z.string(says('write a folder')).min(1).max(1024).default('./state'),
  store,
  vault: z.strictObject({ key: earlyRef.default('file:./vault.key') }).prefault({}),
  log,
  approvals: z.strictObject({ waitSeconds: count(0, 50).default(45) }).prefault({}),
  masking: z.strictObject({ tokenKey: earlyRef.default('file:./token.key') }).prefault({}),
  identity,
  credentials: z
    .record(name, secretRef, says('write credentials as { name: file:PATH }'))
    .default({}),
  targets: z.record(name, target, says('write targets as { name: { kind: .. } }')).default({}),
  grants: z.array(grant, says('write a list of grants')).max(10_000).default([]),
  policies: z.string(says('write a folder')).min(1).max(1024).optional(),
})
export type ConfigFile = z.output<typeof configFile>
export type GrantFile = z.output<typeof grant>

/** JSON Schema (2020-12) of the file as it is written, for editors. */
export const configJsonSchema = (): unknown => ({
  ...z.toJSONSchema(configFile, { io: 'input', unrepresentable: 'any' }),
  title: 'Countersign configuration',
})

/** The four kinds of target as the file writes them. */
import { z } from 'zod'
import { programTable } from '../tools/shell/config.ts'
import type { TargetKind } from '../types.ts'
import { count, flag, host, labels, name, port, secretRef, size, text } from './values.ts'

const says = (message: string) => ({ error: message })

const limits = z
  .strictObject({
    rows: count(1, 100_000).default(1000),
    bytes: size(1024, 64 * 1024 ** 2).prefault('1MiB'),
    cellBytes: size(64, 16 * 1024 ** 2).prefault('64KiB'),
    seconds: count(1, 3600).default(30),
    connectMs: count(50, 60_000).default(5000),
    lockMs: count(10, 600_000).default(3000),
    concurrency: count(1, 1000).default(8),
  })
  .prefault({})

const common = { labels: labels.default({}), limits }

const fileOrText = z
  .string(says('write file:PATH, or the PEM text itself'))
  .max(256 * 1024, says('is too long'))
  .regex(
    /^(file:[^\u0000-\u001f]{1,1024}|-----BEGIN [\s\S]*)$/,
    says('write file:PATH, or the PEM text itself'),
  )

const columnWords = 'write the column as table.column or schema.table.column'
const columnAction = z.enum(['redact', 'partial', 'token', 'pass'])
const tableWords = 'write a table or schema.table'

const postgres = z.strictObject({
  kind: z.literal('postgres'),
  ...common,
  host: z.union(
    [host, z.string().regex(/^\//)],
    says('write a host name, an address or the folder of a socket'),
  ),
  port: port.default(5432),
  database: text,
  tls: z.enum(['disable', 'require', 'verify']).default('verify'),
  ca: fileOrText.optional(),
  allowSuperuser: flag.default(false),
  columns: z
    .record(
      z
        .string()
        .regex(/^[^.\u0000-\u001f]{1,63}(\.[^.\u0000-\u001f]{1,63}){1,2}$/, says(columnWords)),
      columnAction,
      says('write columns as { table.column: redact }'),
    )
    .default({}),
  denyTables: z
    .array(
      z
        .string(says(tableWords))
        .regex(/^[^.\u0000-\u001f]{1,63}(\.[^.\u0000-\u001f]{1,63})?$/, says(tableWords)),
      says('write a list of tables'),
    )
    .max(1000)
    .default([]),
  credentials: z.strictObject({ read: name, write: name.optional() }),
})

const kubernetes = z.strictObject({
  kind: z.literal('kubernetes'),
  ...common,
  kubeconfig: secretRef.refine(
    (ref) => !ref.startsWith('store:'),
    says('write file:PATH or env:NAME; the kubeconfig is read at start'),
  ),
  context: text.optional(),
  namespaces: z.array(text, says('write a list of namespaces')).min(1).max(1000).optional(),
  impersonate: flag.default(false),
  credentials: z
    .strictObject({ read: name.optional(), write: name.optional(), run: name.optional() })
    .default({}),
})

const pathWords = 'write an absolute path'
const path = z.string(says(pathWords)).regex(/^\/[^\u0000-\u001f]{0,1023}$/, says(pathWords))
const keyWords =
  'write fingerprints as SHA256: and 43 characters of base64 (ssh-keygen -lf shows them)'

const ssh = z.strictObject({
  kind: z.literal('ssh'),
  ...common,
  host,
  port: port.default(22),
  user: text,
  hostKeys: z
    .array(
      z.string(says(keyWords)).regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, says(keyWords)),
      says(keyWords),
    )
    .min(1, says('needs at least one fingerprint: an unpinned host is never connected to'))
    .max(32),
  shell: z.enum(['sh', 'bash']).default('sh'),
  path: z
    .string()
    .regex(/^\/[^\u0000-\u001f]{0,1023}$/, says('write absolute folders with colons between'))
    .default('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'),
  home: path.optional(),
  roots: z.array(path, says('write a list of absolute paths')).max(1000).default([]),
  sensitive: z.array(path, says('write a list of absolute paths')).max(1000).default([]),
  programs: programTable.default({}),
  forcedCommand: flag.default(false),
  credentials: z.strictObject({ run: name }),
})

const method = z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
const headerWords = 'write a header name'
const header = z
  .string(says(headerWords))
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, says(headerWords))

const route = z.strictObject({
  method,
  path: z
    .string(says('write a path that starts with /'))
    .regex(/^\/[^\s?#]{0,1023}$/, says('write a path that starts with /, without ? and #'))
    .regex(
      /^(\/([^*/]*|\*))*(\/\*\*)?$/,
      says('write * for one whole segment, and ** only at the end, for any number of them'),
    ),
  effect: z.enum(['read', 'write', 'admin']).optional(),
  query: z.array(text, says('write a list of query keys')).max(100).optional(),
  headers: z.array(header, says('write a list of header names')).max(100).optional(),
})

const tokenUrlWords = 'write the https:// URL of the token endpoint'
const inject = z.union(
  [
    z.strictObject({ header, value: name, prefix: z.string().max(64).optional() }),
    z.strictObject({ basic: name }),
    z.strictObject({ mtls: name }),
    z.strictObject({
      oauth: name,
      tokenUrl: z
        .string(says(tokenUrlWords))
        .max(2048)
        .refine((url) => isPlainUrl(url), says(tokenUrlWords)),
      scope: z.string().min(1).max(1000).optional(),
      audience: z.string().min(1).max(1000).optional(),
    }),
  ],
  says(
    'write { header, value, prefix? }, { basic }, { mtls } or { oauth, tokenUrl, scope?, audience? }, each with the name of a credential',
  ),
)
/** Name of the credential that goes with the requests. */
export const injectedName = (written: z.output<typeof inject>): string => {
  if ('value' in written) return written.value
  if ('basic' in written) return written.basic
  return 'mtls' in written ? written.mtls : written.oauth
}

const cidrWords = 'write ranges of addresses as 10.0.0.0/8'
const http = z.strictObject({
  kind: z.literal('http'),
  ...common,
  baseUrl: z
    .string(says('write a URL with https:// or http://'))
    .max(2048)
    .refine(
      (url) => isPlainUrl(url),
      says('write a URL with https:// or http://, without user, query and fragment'),
    ),
  addresses: z
    .array(z.union([z.cidrv4(), z.cidrv6()], says(cidrWords)), says(cidrWords))
    .max(1000)
    .default([]),
  routes: z
    .array(route, says('write a list of routes'))
    .min(1, says('needs at least one route'))
    .max(1000),
  inject: inject.optional(),
  ca: fileOrText.optional(),
})

const isPlainUrl = (given: string): boolean => {
  if (!URL.canParse(given)) return false
  const url = new URL(given)
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return plain && (url.protocol === 'https:' || url.protocol === 'http:')
}

export const targetKinds = [
  'postgres',
  'kubernetes',
  'ssh',
  'http',
] as const satisfies readonly TargetKind[]

export const target = z.discriminatedUnion('kind', [postgres, kubernetes, ssh, http])
export type TargetFile = z.output<typeof target>

/** What this gateway was started with, as events: which sections of the configuration and which policies changed, and whose process did it. */
import { createHash } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Config } from '../config/types.ts'
import type { Store } from '../store/port.ts'
import type { Caller, Entry, Log } from '../types.ts'

interface PolicyTexts {
  readonly set: string
  readonly schema: string
  readonly engine: string
  readonly texts: { readonly policies: string; readonly schema: string }
  readonly policies: readonly { readonly id: string; readonly text: string }[]
}

const hashOf = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex')
    .slice(0, 32)

/** Section -> hash; secrets are not in a configuration, but hashes of passphrases are, so no text of it is kept. */
const sectionsOf = (config: Config): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key !== 'warnings' && key !== 'file')
      .map(([key, value]) => [key, hashOf(value)]),
  )

const policiesOf = (policy: PolicyTexts): Record<string, string> =>
  Object.fromEntries(policy.policies.map(({ id, text }) => [id, hashOf(text)]))

const changedOf = (
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((key) => before[key] !== now[key])
    .sort()

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

export const publish = async (
  config: Config,
  hash: string,
  policy: PolicyTexts,
  by: { store: Store; log: Log; self: Caller },
): Promise<void> => {
  const { pool } = by.store
  const read = async (key: string): Promise<Record<string, string>> => {
    const { rows } = await pool.query<{ value: string }>(
      'select value from countersign.meta where key = $1',
      [key],
    )
    return rows[0] ? (JSON.parse(rows[0].value) as Record<string, string>) : {}
  }
  const keep = (key: string, value: Record<string, string>) =>
    pool.query(
      'insert into countersign.meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
      [key, JSON.stringify(value)],
    )
  const event = (
    type: 'config.loaded' | 'policy.published',
    detail: NonNullable<Entry['detail']>,
  ): Entry => ({
    type,
    actor: { iss: by.self.iss, sub: by.self.sub, client: '', groups: [] },
    origin: { via: by.self.via, session: by.self.session, auth: by.self.auth },
    detail: { user: userName(), ...detail },
  })

  for (const [kind, id, text] of [
    ['policy', policy.set, policy.texts.policies],
    ['schema', policy.schema, policy.texts.schema],
  ] as const)
    await pool.query(
      'insert into countersign.config_version (hash, kind, text) values ($1, $2, $3) on conflict do nothing',
      [id, kind, text],
    )

  const sections = sectionsOf(config)
  const policies = policiesOf(policy)
  const events = [
    event('config.loaded', {
      config: hash,
      changed: changedOf(await read('config.sections'), sections),
    }),
  ]
  const changed = changedOf(await read('policy.ids'), policies)
  if (changed.length > 0)
    events.push(
      event('policy.published', {
        set: policy.set,
        schema: policy.schema,
        engine: policy.engine,
        changed,
      }),
    )
  await by.log.append(events)
  await keep('config.sections', sections)
  await keep('policy.ids', policies)
}

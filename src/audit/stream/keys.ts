/** Data keys: one a month, wrapped by the vault's key; each epoch of each stream derives its own from it. */
import { hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import type { KeyWrap } from '../../types.ts'
import type { Clock } from './clock.ts'
import type { StreamFrame } from './header.ts'
import type { Sealer } from './prepare.ts'
import { nonceCounter } from './seal.ts'

/** Rows by SQL and values, however connected. */
export type Ask = (
  text: string,
  values: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>

/** `2026-11-01`: the month that an instant lies in, UTC. */
const monthOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 7)}-01`

const wrapContext = (log: string, keyId: string): string => `audit.data_key ${log} ${keyId}`

// Counter nonces are safe only while one process uses a key, so the month's key itself encrypts nothing.
export const epochKey = (
  month: Buffer,
  { log, stream, epoch }: Omit<StreamFrame, 'build'>,
): Buffer =>
  Buffer.from(
    hkdfSync(
      'sha256',
      month,
      '',
      JSON.stringify(['countersign payload v1', log, stream, epoch]),
      32,
    ),
  )

interface KeyRow {
  readonly key_id: string
  readonly wrapped: Buffer
}

// Two gateways may make a month's key at once: the older one is used, the other stays empty-handed.
const OF_MONTH = `select key_id, wrapped from audit.data_key
  where month = $1 and wrapped is not null order by created_at, key_id limit 1`
const BY_ID = 'select key_id, wrapped from audit.data_key where key_id = $1 and wrapped is not null'

const find = async (ask: Ask, text: string, value: string): Promise<KeyRow | undefined> => {
  const rows = await ask(text, [value])
  // The columns are those that the statement names.
  return rows[0] as KeyRow | undefined
}

/** Unwraps data keys by id, and remembers them. Undefined when the key was erased or never was. */
export const keyReader = (ask: Ask, wrap: KeyWrap, log: string) => {
  const known = new Map<string, Buffer>()
  return async (keyId: string): Promise<Buffer | undefined> => {
    const kept = known.get(keyId)
    if (kept) return kept
    const row = await find(ask, BY_ID, keyId)
    if (row === undefined) return undefined
    const key = wrap.unwrap(row.wrapped, wrapContext(log, keyId))
    known.set(keyId, key)
    return key
  }
}

/** This month's data key, made when there is none; of two that make one, the first stays. */
const monthKey = async (
  ask: Ask,
  wrap: KeyWrap,
  log: string,
  month: string,
): Promise<{ readonly keyId: string; readonly key: Buffer }> => {
  let row = await find(ask, OF_MONTH, month)
  if (row === undefined) {
    const keyId = randomUUID()
    const wrapped = wrap.wrap(randomBytes(32), wrapContext(log, keyId))
    await ask('insert into audit.data_key (key_id, month, wrapped) values ($1, $2, $3)', [
      keyId,
      month,
      wrapped,
    ])
    row = await find(ask, OF_MONTH, month)
  }
  if (row === undefined) throw new Error(`the data key of ${month} is not there`)
  return { keyId: row.key_id, key: wrap.unwrap(row.wrapped, wrapContext(log, row.key_id)) }
}

export interface EpochKeys {
  /** Keeps the last key when the month has turned and the store has not yet given the new one. */
  sealer(): Sealer
  /** Fetches the key of the month that it is, when that is not the present one. */
  refresh(): Promise<void>
}

/** The keys under which one epoch of one stream seals. */
export const openEpochKeys = async (
  ask: Ask,
  wrap: KeyWrap,
  frame: StreamFrame,
  clock: Clock,
): Promise<EpochKeys> => {
  const load = async (month: string) => {
    const { keyId, key } = await monthKey(ask, wrap, frame.log, month)
    return { month, sealer: { keyId, key: epochKey(key, frame), nonce: nonceCounter() } }
  }
  let current = await load(monthOf(clock.wallMs()))
  // A month that comes back (the clock jumped) must find its counter where it left it.
  const seen = new Map([[current.month, current]])
  return {
    sealer: () => current.sealer,
    async refresh() {
      const month = monthOf(clock.wallMs())
      if (month === current.month) return
      current = seen.get(month) ?? (await load(month))
      seen.set(month, current)
    },
  }
}

/** Secrets in the store: each under a data key of its own, which the vault's key wraps. Table `countersign.secret`. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { GateError } from '../errors.ts'
import type { Claim, KeyWrap } from '../types.ts'

interface Queryable {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; rowCount: number | null }>
}

export interface SecretStore {
  /** The claim that writes it; append it with `secret.set`. The value is at most 64 KiB. */
  set(name: string, value: string, by: string): Claim
  get(name: string): Promise<string | undefined>
  /** Names, versions and dates; never a value. */
  list(): Promise<
    readonly { name: string; version: number; set_at: string; set_by: string; readable: boolean }[]
  >
}

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/
const mostBytes = 64 * 1024

export const openSecrets = (pool: Queryable, keys: KeyWrap): SecretStore => ({
  set: (name, value, by) => {
    if (!nameForm.test(name))
      throw new GateError(
        'INPUT_REFUSED',
        "A secret's name has letters, digits, dots, dashes, slashes and underscores, at most 128.",
      )
    if (value === '' || Buffer.byteLength(value) > mostBytes)
      throw new GateError('INPUT_REFUSED', `A secret has 1 to ${mostBytes} bytes.`)
    const dataKey = randomBytes(32)
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', dataKey, nonce)
    cipher.setAAD(Buffer.from(name))
    const ciphertext = Buffer.concat([
      nonce,
      cipher.update(value, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ])
    return {
      sql: `insert into countersign.secret as s (name, key_id, wrapped, ciphertext, version, set_at, set_by)
        values ($1, $2, $3, $4, 1, now(), $5)
        on conflict (name) do update set key_id = excluded.key_id, wrapped = excluded.wrapped,
          ciphertext = excluded.ciphertext, version = s.version + 1, set_at = excluded.set_at, set_by = excluded.set_by
        returning name`,
      values: [name, keys.keyId, keys.wrap(dataKey, `secret:${name}`), ciphertext, by],
    }
  },
  get: async (name) => {
    const { rows } = await pool.query<{ wrapped: Buffer; ciphertext: Buffer }>(
      'select wrapped, ciphertext from countersign.secret where name = $1',
      [name],
    )
    const row = rows[0]
    if (!row) return undefined
    const decipher = createDecipheriv(
      'aes-256-gcm',
      keys.unwrap(row.wrapped, `secret:${name}`),
      row.ciphertext.subarray(0, 12),
      { authTagLength: 16 },
    )
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(row.ciphertext.subarray(-16))
    return Buffer.concat([
      decipher.update(row.ciphertext.subarray(12, -16)),
      decipher.final(),
    ]).toString('utf8')
  },
  list: async () => {
    const { rows } = await pool.query<{
      name: string
      version: number
      set_at: Date
      set_by: string
      key_id: string
    }>('select name, version, set_at, set_by, key_id from countersign.secret order by name', [])
    return rows.map(({ name, version, set_at, set_by, key_id }) => ({
      name,
      version,
      set_at: set_at.toISOString(),
      set_by,
      readable: key_id === keys.keyId,
    }))
  },
})

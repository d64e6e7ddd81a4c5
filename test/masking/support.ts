/** A masker and its contexts, for tests. */
import { type MaskerOptions, openMasker } from '../../src/masking/masker.ts'
import type { Column, ColumnAction, MaskContext, Output, PostgresTarget } from '../../src/types.ts'

const secret = 'K7#x/9+pq"Zw$21'
export const masker = (more: Partial<MaskerOptions> = {}) =>
  openMasker({ tokenKey: Buffer.alloc(32, 5), knownSecrets: () => [secret], ...more })

export const plain: MaskContext = { profile: [], known: [] }

export const shop = (columns: Readonly<Record<string, ColumnAction>> = {}): PostgresTarget => ({
  kind: 'postgres',
  name: 'shop',
  labels: {},
  credentials: {},
  limits: { rows: 1, bytes: 1, cellBytes: 1, seconds: 1, connectMs: 1, lockMs: 1, concurrency: 1 },
  host: 'db',
  port: 5432,
  database: 'shop',
  tls: 'disable',
  allowSuperuser: false,
  columns,
  denyTables: [],
})

/** A column of `public.customers`, the very column unless told otherwise. */
export const column = (name: string, more: Partial<Column> = {}): Column => ({
  name,
  as: 'text',
  type: 'text',
  from: [{ schema: 'public', table: 'customers', column: name }],
  direct: true,
  ...more,
})

export const table = (
  columns: readonly Column[],
  rows: readonly (readonly (string | null)[])[],
): Output => ({
  kind: 'table',
  columns,
  rows,
  truncated: false,
})

const usual = masker()
/** Rows of a masked table. */
export const rowsOf = async (output: Output, context: MaskContext = plain): Promise<unknown[][]> =>
  JSON.parse((await usual.output(output, context)).json).rows

export const textOf = (text: string, context: MaskContext = plain): string =>
  usual.text(text, context)

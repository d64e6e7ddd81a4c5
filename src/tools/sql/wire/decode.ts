/** Bodies of the frames that are more than rows. */
import { ProtocolError } from './frames.ts'

/** A column as the server describes it. */
export interface WireColumn {
  readonly name: string
  /** Oid of the table that it is a plain column of, or 0. */
  readonly table: number
  readonly attribute: number
  readonly type: number
}

/** What of an ErrorResponse we look at. Names are the target's, so they are data, not words of ours. */
export interface ServerError {
  readonly sqlState: string
  readonly position: number | undefined
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly constraint: string | undefined
  /** For the operator's log only. */
  readonly text: string
}

const mayEndToken = (byte: number): boolean => byte <= 0x20 || byte === 0x22 || byte === 0x2c
/** Steps back to the end of the last whole word, so that no secret is cut in the middle and slips past masking. */
export const wordEnd = (bytes: Buffer, from: number, to: number): number => {
  const floor = Math.max(from, to - 512)
  for (let at = to; at > floor; at--) if (mayEndToken(bytes[at - 1] ?? 0)) return at
  // No word ends nearby: at least no character is cut.
  let at = to
  while (at > from && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--
  return at
}

export const cstring = (
  bytes: Buffer,
  start: number,
  end: number,
): { text: string; next: number } => {
  const stop = bytes.indexOf(0, start)
  if (stop < 0 || stop >= end) throw new ProtocolError('a text has no end')
  return { text: bytes.toString('utf8', start, stop), next: stop + 1 }
}

export const columnsOf = (bytes: Buffer, start: number, end: number): WireColumn[] => {
  if (end - start < 2) throw new ProtocolError('no columns')
  const count = bytes.readUInt16BE(start)
  const columns: WireColumn[] = []
  let at = start + 2
  for (let i = 0; i < count; i++) {
    const { text, next } = cstring(bytes, at, end)
    if (next + 18 > end) throw new ProtocolError('a column is cut')
    columns.push({
      name: text,
      table: bytes.readUInt32BE(next),
      attribute: bytes.readInt16BE(next + 4),
      type: bytes.readUInt32BE(next + 6),
    })
    at = next + 18
  }
  return columns
}

export const errorOf = (bytes: Buffer, start: number, end: number): ServerError => {
  const fields = new Map<string, string>()
  let at = start
  while (at < end && bytes[at] !== 0) {
    const { text, next } = cstring(bytes, at + 1, end)
    fields.set(String.fromCharCode(bytes[at] ?? 0), text.slice(0, 1_000))
    at = next
  }
  const sqlState = fields.get('C') ?? ''
  const position = Number(fields.get('P'))
  return {
    sqlState: /^[0-9A-Z]{5}$/.test(sqlState) ? sqlState : 'XX000',
    position: Number.isSafeInteger(position) && position > 0 ? position : undefined,
    schema: fields.get('s'),
    table: fields.get('t'),
    column: fields.get('c'),
    constraint: fields.get('n'),
    text: fields.get('M') ?? '',
  }
}

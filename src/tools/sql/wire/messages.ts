/** Messages that a client of PostgreSQL sends, protocol 3.0 (PostgreSQL documentation, "Message Formats"). */

/** A message: its type byte, its length, its body. `null` cells are bound as NULL. */
const message = (type: string, ...parts: readonly Uint8Array[]): Buffer => {
  const length = parts.reduce((sum, part) => sum + part.length, 4)
  const head = Buffer.allocUnsafe(5)
  head.write(type, 'latin1')
  head.writeInt32BE(length, 1)
  return Buffer.concat([head, ...parts], length + 1)
}

const zero = Buffer.from([0])
const int16 = (n: number): Buffer => {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(n)
  return bytes
}
const int32 = (n: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(n)
  return bytes
}
/** Text must be free of NUL: the callers see to it. */
const cstring = (text: string): Buffer => Buffer.concat([Buffer.from(text, 'utf8'), zero])

/** One statement, the unnamed one, types of its parameters left to the server. */
export const parse = (sql: string): Buffer => message('P', zero, cstring(sql), int16(0))

/** Binds the unnamed portal; parameters and results as text. */
export const bind = (params: readonly (string | null)[]): Buffer => {
  const cells: Buffer[] = []
  for (const param of params) {
    if (param === null) {
      cells.push(int32(-1))
      continue
    }
    const bytes = Buffer.from(param, 'utf8')
    cells.push(int32(bytes.length), bytes)
  }
  return message('B', zero, zero, int16(0), int16(params.length), ...cells, int16(0))
}

export const describePortal = message('D', Buffer.from('P\0', 'latin1'))
/** Runs the unnamed portal for at most `rows` rows; 0 is all. */
export const execute = (rows: number): Buffer => message('E', zero, int32(rows))
export const sync = message('S')
export const terminate = message('X')

/** A whole statement without parameters whose result is wanted entire, to be put in a pipeline. */
export const plain = (sql: string): Buffer => Buffer.concat([parse(sql), bind([]), execute(0)])

export const sslRequest = Buffer.concat([int32(8), int32(80_877_103)])

export const startup = (settings: Readonly<Record<string, string>>): Buffer => {
  const body = Buffer.concat([
    int32(196_608),
    ...Object.entries(settings).flatMap(([key, value]) => [cstring(key), cstring(value)]),
    zero,
  ])
  return Buffer.concat([int32(body.length + 4), body])
}

export const password = (text: string): Buffer => message('p', cstring(text))
export const saslInitial = (mechanism: string, response: string): Buffer => {
  const bytes = Buffer.from(response, 'utf8')
  return message('p', cstring(mechanism), int32(bytes.length), bytes)
}
export const saslResponse = (response: string): Buffer =>
  message('p', Buffer.from(response, 'utf8'))

/** `key` is what the server gave for this purpose: process id and secret. */
export const cancelRequest = (key: Uint8Array): Buffer =>
  Buffer.concat([int32(8 + key.length), int32(80_877_102), key])

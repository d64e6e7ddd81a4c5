/** PostgreSQL's binary array form: what `array_recv` reads, without the hex of text arrays. */

const OIDS = { bytea: 17, int4: 23, text: 25, uuid: 2950 } as const

const build = (type: keyof typeof OIDS, elements: readonly Uint8Array[]): Buffer => {
  const size = elements.reduce((sum, element) => sum + 4 + element.length, 20)
  const out = Buffer.allocUnsafe(size)
  out.writeInt32BE(elements.length === 0 ? 0 : 1, 0)
  out.writeInt32BE(0, 4)
  out.writeInt32BE(OIDS[type], 8)
  if (elements.length === 0) return out.subarray(0, 12)
  out.writeInt32BE(elements.length, 12)
  out.writeInt32BE(1, 16)
  let at = 20
  for (const element of elements) {
    at = out.writeInt32BE(element.length, at)
    out.set(element, at)
    at += element.length
  }
  return out
}

/** A parameter for `$n::bytea[]`. */
export const byteaArray = (elements: readonly Uint8Array[]): Buffer => build('bytea', elements)

/** A parameter for `$n::uuid[]`, from 16 bytes each. */
export const uuidArray = (elements: readonly Uint8Array[]): Buffer => build('uuid', elements)

/** A parameter for `$n::text[]`. */
export const textArray = (elements: readonly string[]): Buffer => {
  // Most lists here say one thing many times.
  const known = new Map<string, Buffer>()
  return build(
    'text',
    elements.map((element) => {
      const kept = known.get(element) ?? Buffer.from(element)
      known.set(element, kept)
      return kept
    }),
  )
}

/** A parameter for `$n::int4[]`. */
export const int4Array = (elements: readonly number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(4 * elements.length)
  return build(
    'int4',
    elements.map((element, index) => {
      bytes.writeInt32BE(element, 4 * index)
      return bytes.subarray(4 * index, 4 * index + 4)
    }),
  )
}

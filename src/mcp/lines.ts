/** Splits a byte stream into lines, each up to a bound; of a longer one only the length is kept. */

export type Line =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'too-long'; readonly length: number }

/** Feed it what arrives; `emit` gets each finished line without its line feed. */
export const lineSplitter = (mostBytes: number, emit: (line: Line) => void) => {
  let parts: Buffer[] = []
  let length = 0

  const add = (piece: Buffer): void => {
    length += piece.length
    if (length <= mostBytes) parts.push(piece)
    else parts = []
  }
  const finish = (): void => {
    const [only] = parts
    if (length > mostBytes) emit({ kind: 'too-long', length })
    else if (length > 0)
      emit({ kind: 'line', bytes: parts.length === 1 && only ? only : Buffer.concat(parts) })
    parts = []
    length = 0
  }
  return (chunk: Buffer): void => {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, at))
      finish()
      from = at + 1
    }
    if (from < chunk.length) add(chunk.subarray(from))
  }
}

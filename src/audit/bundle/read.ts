/** Lines of a file, in memory that does not grow with it, and the digest of all bytes before a line. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { MOST_LINE } from './lines.ts'

/** The file can't be read on from here. */
export class ReadStopped extends Error {
  override readonly name = 'ReadStopped'
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

export interface LineReader {
  /** The next lines, with their LFs, valid until the next call; undefined at the end. Throws ReadStopped. */
  lines(): Promise<readonly Buffer[] | undefined>
  /** SHA-256 of everything before `line`, one of the last lines; hex. */
  digestBefore(line: Buffer): string
  close(): Promise<void>
}

/** Bytes that are read at once. */
const BLOCK = 512 * 1024

export const openLines = async (file: string): Promise<LineReader> => {
  const handle: FileHandle = await open(file, 'r')
  const digest = createHash('sha256')
  let number = 0
  // One buffer for the whole file: what is left of the last block, and the next one behind it.
  const room = Buffer.allocUnsafe(MOST_LINE + 1 + BLOCK)
  let block: Buffer = room.subarray(0, 0)
  let consumed = 0
  const fill = async (): Promise<void> => {
    digest.update(block.subarray(0, consumed))
    const left = block.copy(room, 0, consumed)
    let length = left
    while (length < left + BLOCK) {
      const { bytesRead } = await handle.read(room, length, left + BLOCK - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    block = room.subarray(0, length)
    consumed = 0
  }
  return {
    async lines() {
      const found: Buffer[] = []
      while (found.length === 0) {
        const left = block.length - consumed
        await fill()
        if (block.length === 0) return undefined
        for (;;) {
          const at = block.indexOf(10, consumed)
          const length = (at < 0 ? block.length : at + 1) - consumed
          if (length > MOST_LINE)
            throw new ReadStopped(number + found.length + 1, 'is longer than 1 MiB')
          if (at < 0) break
          found.push(block.subarray(consumed, at + 1))
          consumed = at + 1
        }
        if (found.length === 0 && block.length === left)
          throw new ReadStopped(number + 1, 'has no end: the file is cut off')
      }
      number += found.length
      return found
    },
    digestBefore: (line) =>
      digest
        .copy()
        .update(block.subarray(0, line.byteOffset - block.byteOffset))
        .digest('hex'),
    close: () => handle.close(),
  }
}

const FROM_END = 16 * MOST_LINE

/** The lines at the file's end that are checkpoints, anchors or the end line, as far as they can be told; last first. */
export const closingLines = async (file: string): Promise<readonly string[]> => {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const found: string[] = []
    let carry = Buffer.alloc(0)
    for (let end = size; end > Math.max(0, size - FROM_END); ) {
      const start = Math.max(0, end - 65_536)
      const piece = Buffer.alloc(end - start)
      await handle.read(piece, 0, piece.length, start)
      end = start
      const whole = Buffer.concat([piece, carry])
      const first = start === 0 ? 0 : whole.indexOf(10) + 1
      if (first === 0 && start > 0) {
        carry = whole
        if (carry.length > MOST_LINE) return found
        continue
      }
      carry = whole.subarray(0, first)
      const lines = whole.toString('utf8', first).split('\n').reverse()
      for (const line of lines) {
        if (line === '') continue
        if (!/^\{"(kind":"(checkpoint|anchor)"|events":)/.test(line)) return found
        found.push(line)
      }
    }
    return found
  } finally {
    await handle.close()
  }
}

/** Bytes from a server into frames, in flat memory whatever it sends. */

/** The server broke the protocol, or sent what is never asked for. Carries nothing of what it sent. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

export interface FrameSink {
  /** Where the body of a frame of this type lies in `bytes`; valid during the call only. */
  frame(type: number, bytes: Buffer, start: number, end: number): void
  /** A row too large to hold: its cells, each cut to `keepBytes` bytes, with the lengths they had. */
  largeRow(cells: readonly (Buffer | null)[], lengths: readonly number[]): void
  /** Bytes of each cell of a large row that are worth keeping. */
  readonly keepBytes: number
}

const dataRow = 0x44
/** Frames of this size are put together in memory; larger rows are taken in pieces, larger others refused. */
const wholeBytes = 1_048_576
/** Every type that a server may send to a client that asks for no replication. */
const known = new Set(Array.from('RKSZTDC12n3sIENAtGHvdc', (type) => type.charCodeAt(0)))

export class FrameReader {
  private held: Buffer[] = []
  private heldBytes = 0
  private need = 5
  private large: LargeRow | undefined

  /** @throws ProtocolError; then nothing more may be fed. */
  feed(chunk: Buffer, sink: FrameSink): void {
    let bytes = chunk
    if (this.large) {
      const used = this.large.feed(bytes, 0, sink)
      if (!this.large.done) return
      this.large = undefined
      bytes = bytes.subarray(used)
    }
    if (this.heldBytes > 0) {
      this.held.push(bytes)
      this.heldBytes += bytes.length
      if (this.heldBytes < this.need) return
      bytes = Buffer.concat(this.held, this.heldBytes)
      this.held = []
      this.heldBytes = 0
    }
    this.frames(bytes, sink)
  }

  private frames(bytes: Buffer, sink: FrameSink): void {
    let at = 0
    while (bytes.length - at >= 5) {
      const type = bytes.readUInt8(at)
      const length = bytes.readInt32BE(at + 1)
      if (!known.has(type) || length < 4) throw new ProtocolError('not a frame of PostgreSQL')
      const end = at + 1 + length
      if (end <= bytes.length) {
        sink.frame(type, bytes, at + 5, end)
        at = end
        continue
      }
      if (length > wholeBytes) {
        if (type !== dataRow) throw new ProtocolError('a frame is too large')
        const row = new LargeRow(length - 4)
        row.feed(bytes, at + 5, sink)
        this.large = row
        return
      }
      this.keep(bytes, at, length + 1)
      return
    }
    this.keep(bytes, at, 5)
  }

  private keep(bytes: Buffer, at: number, need: number): void {
    this.need = need
    if (at === bytes.length) return
    this.held.push(bytes.subarray(at))
    this.heldBytes = bytes.length - at
  }
}

/** A row that comes in pieces; of each cell only the beginning is kept. */
class LargeRow {
  done = false
  private left: number
  private cells: (Buffer | null)[] = []
  private lengths: number[] = []
  private columns = -1
  private head = Buffer.alloc(4)
  private headBytes = 0
  private cell: Buffer[] = []
  private cellLeft = -1
  private keepLeft = 0

  constructor(bodyBytes: number) {
    this.left = bodyBytes
  }

  /** Returns the offset behind what belongs to this row. */
  feed(bytes: Buffer, from: number, sink: FrameSink): number {
    const end = Math.min(bytes.length, from + this.left)
    this.left -= end - from
    let at = from
    while (at < end)
      at = this.cellLeft < 0 ? this.header(bytes, at, sink) : this.body(bytes, at, end)
    if (this.left > 0) return end
    if (this.cellLeft >= 0 || this.headBytes > 0 || this.cells.length !== this.columns)
      throw new ProtocolError('a row is not as long as it says')
    this.done = true
    sink.largeRow(this.cells, this.lengths)
    return end
  }

  private header(bytes: Buffer, at: number, sink: FrameSink): number {
    this.head[this.headBytes++] = bytes[at] ?? 0
    if (this.columns < 0) {
      if (this.headBytes === 2) {
        this.columns = this.head.readUInt16BE(0)
        this.headBytes = 0
      }
    } else if (this.headBytes === 4) {
      this.headBytes = 0
      this.startCell(this.head.readInt32BE(0), sink)
    }
    return at + 1
  }

  private startCell(length: number, sink: FrameSink): void {
    if (length < -1 || this.cells.length >= this.columns)
      throw new ProtocolError('a row has cells of no length')
    if (length <= 0) {
      this.cells.push(length < 0 ? null : Buffer.alloc(0))
      this.lengths.push(0)
      return
    }
    this.lengths.push(length)
    this.cellLeft = length
    this.keepLeft = Math.min(length, sink.keepBytes)
    this.cell = []
  }

  private body(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.cellLeft)
    const keep = Math.min(this.keepLeft, stop - at)
    // Copied, so that the kept part does not hold on to the chunk it came in.
    if (keep > 0) this.cell.push(Buffer.from(bytes.subarray(at, at + keep)))
    this.keepLeft -= keep
    this.cellLeft -= stop - at
    if (this.cellLeft === 0) {
      this.cells.push(Buffer.concat(this.cell))
      this.cell = []
      this.cellLeft = -1
    }
    return stop
  }
}

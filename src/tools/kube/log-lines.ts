/** The last lines of a stream that is as long as it likes, in flat memory. */

const longestLine = 65_536
const newline = 10

export interface Wanted {
  /** Only lines that hold this text. */
  readonly filter?: string | undefined
  /** At most so many lines, the last ones. */
  readonly lines: number
  /** At most so many bytes, the last ones. */
  readonly bytes: number
}

export class LogLines {
  private readonly wanted: Wanted
  private readonly filter: Buffer | undefined
  private kept: Buffer[] = []
  private from = 0
  private bytes = 0
  /** The beginning of a line whose end has not come yet. */
  private open: Buffer[] = []
  private openBytes = 0
  /** Something was left out for its size. */
  cut = false

  constructor(wanted: Wanted) {
    this.wanted = wanted
    this.filter = wanted.filter ? Buffer.from(wanted.filter) : undefined
  }

  add(piece: Buffer): void {
    let start = 0
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      this.take(piece.subarray(start, end))
      this.close()
      start = end + 1
    }
    if (start < piece.length) this.take(piece.subarray(start))
  }

  /** The text, a line each, ended by newlines. */
  end(): string {
    if (this.openBytes > 0) this.close()
    return Buffer.concat(this.kept.slice(this.from)).toString('utf8')
  }

  get count(): number {
    return this.kept.length - this.from
  }

  private take(part: Buffer): void {
    const room = longestLine - this.openBytes
    if (part.length > room) this.cut = true
    const taken = part.subarray(0, Math.max(0, room))
    if (taken.length === 0) return
    // A copy, or the whole piece would stay in memory with it.
    this.open.push(Buffer.from(taken))
    this.openBytes += taken.length
  }

  private close(): void {
    const line = this.open.length === 1 && this.open[0] ? this.open[0] : Buffer.concat(this.open)
    this.open = []
    this.openBytes = 0
    if (this.filter && !line.includes(this.filter)) return
    this.kept.push(Buffer.concat([line, Buffer.from('\n')]))
    this.bytes += line.length + 1
    while (this.count > this.wanted.lines || this.bytes > this.wanted.bytes) {
      const oldest = this.kept[this.from]
      if (oldest === undefined) break
      if (this.count <= this.wanted.lines) this.cut = true
      this.bytes -= oldest.length
      this.from += 1
    }
    if (this.from > 1_000) {
      this.kept = this.kept.slice(this.from)
      this.from = 0
    }
  }
}

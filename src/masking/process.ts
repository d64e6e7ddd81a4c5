/** A process's output: joined a stream, masked as one text, then cut again for the timeline, so no chunk border hides a secret. */
import type { Chunk, MaskedOutput, Output } from '../types.ts'
import { count, type Finding, standIn } from './finding.ts'
import { isBinary, type Pass, withheldBytes } from './pass.ts'

export type ProcessOutput = Extract<Output, { kind: 'process' }>

/** A piece of masked text and when it came. */
interface Piece {
  readonly stream: Chunk['stream']
  readonly text: string
  readonly atMs: number
}

export interface MaskedProcess {
  readonly stdout: string
  readonly stderr: string
  /** In order of time. The brand is put on by the caller, who knows that all of it was masked. */
  readonly timeline: readonly Piece[]
}

export const maskedProcess = (output: ProcessOutput, pass: Pass): MaskedProcess => {
  const streams = (['stdout', 'stderr'] as const).map((stream) => {
    const chunks = output.chunks.filter((chunk) => chunk.stream === stream)
    return { stream, pieces: maskedChunks(chunks, pass) }
  })
  const text = (wanted: Chunk['stream']): string =>
    streams
      .flatMap(({ stream, pieces }) => (stream === wanted ? pieces.map((piece) => piece.text) : []))
      .join('')
  const timeline = streams.flatMap(({ pieces }) => pieces).filter((piece) => piece.text !== '')
  return {
    stdout: text('stdout'),
    stderr: text('stderr'),
    timeline: timeline.sort((a, b) => a.atMs - b.atMs),
  }
}

const maskedChunks = (chunks: readonly Chunk[], pass: Pass): readonly Piece[] => {
  const [first] = chunks
  if (first === undefined) return []
  const texts = decoded(chunks)
  const whole = texts?.join('')
  if (texts === undefined || whole === undefined || isBinary(whole)) {
    count(pass.hits, 'binary')
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
    return [{ stream: first.stream, text: withheldBytes(bytes, 'binary'), atMs: first.atMs }]
  }
  const findings = pass.engine.find(whole, pass.deadline, pass.cut)
  for (const { type } of findings) count(pass.hits, type)
  return cut(whole, texts, findings).map((text, index) => ({
    stream: first.stream,
    text,
    atMs: chunks[index]?.atMs ?? first.atMs,
  }))
}

/** The text of each chunk; a character that is cut in two belongs to the later one. Undefined when it is no UTF-8. */
const decoded = (chunks: readonly Chunk[]): readonly string[] | undefined => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    // Never flushed: a character that a byte cap cut off at the very end is left out.
    return chunks.map(({ bytes }) => decoder.decode(bytes, { stream: true }))
  } catch {
    return undefined
  }
}

/** The masked text of each chunk: what stands in for a finding goes to the chunk that it starts in. */
const cut = (
  whole: string,
  texts: readonly string[],
  findings: readonly Finding[],
): readonly string[] => {
  const result: string[] = []
  let at = 0
  let end = 0
  let next = 0
  for (const text of texts) {
    end += text.length
    let masked = ''
    for (
      let finding = findings[next];
      finding !== undefined && finding.start < end;
      finding = findings[++next]
    ) {
      masked += whole.slice(at, finding.start) + standIn(finding.type)
      at = finding.end
    }
    if (at < end) {
      masked += whole.slice(at, end)
      at = end
    }
    result.push(masked)
  }
  return result
}

export type Timeline = NonNullable<MaskedOutput['timeline']>

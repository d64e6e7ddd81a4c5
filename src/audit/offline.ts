/** `audit verify BUNDLE`: a bundle judged by itself, in one pass, without a database or a configuration. */
import { closingLines, openLines, ReadStopped } from './bundle-read.ts'
import type { NoteKey } from './note.ts'
import type { Decide } from './offline-decisions.ts'
import { openJudge, Stop } from './offline-judge.ts'
import { claimedSize } from './offline-notes.ts'

export interface BundleFinding {
  /** Line of the bundle, from 1; 0 when it concerns no one line. */
  readonly line: number
  readonly stream: string
  readonly seq: string
  readonly what: string
}

export interface BundleVerification {
  /** 0 nothing wrong was found, 1 something was changed, 2 the evidence is not complete. */
  readonly exit: 0 | 1 | 2
  readonly kind: 'bundle' | 'receipt'
  readonly log: string
  readonly events: number
  readonly streams: number
  /** Events of the tree that a trusted signature covers. */
  readonly signed: number
  readonly payloads: { readonly checked: number; readonly erased: number }
  readonly approvals: number
  readonly decisions: number
  readonly findings: readonly BundleFinding[]
  readonly wrong: number
  readonly incomplete: readonly string[]
  readonly notChecked: readonly string[]
  readonly ms: number
}

export interface OfflineOptions {
  readonly trusted: readonly NoteKey[]
  /** Notes of anchors that the auditor brings. */
  readonly anchors?: readonly string[]
  /** Left out: decisions are not made again. */
  readonly decide?: Decide
  /** Findings that are kept; more are only counted. */
  readonly keep?: number
  readonly progress?: (events: number) => void
}

const wantedSizes = (
  closing: readonly string[],
  anchors: readonly string[],
): ReadonlySet<number> => {
  const sizes = new Set<number>()
  const add = (note: unknown): void => {
    const size = typeof note === 'string' ? claimedSize(note) : undefined
    if (size !== undefined) sizes.add(size)
  }
  for (const line of closing) {
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null && 'note' in value) add(value.note)
    } catch {
      // The pass over the lines will name it.
    }
  }
  for (const note of anchors) add(note)
  return sizes
}

/** Reads a file of any content; never throws for what it holds, and throws what reading the file throws. */
export const verifyBundle = async (
  file: string,
  options: OfflineOptions,
): Promise<BundleVerification> => {
  const startedAt = performance.now()
  const judge = openJudge(options, wantedSizes(await closingLines(file), options.anchors ?? []))
  const reader = await openLines(file)
  let why: string | undefined
  try {
    for (let lines = await reader.lines(); lines; lines = await reader.lines())
      for (const line of lines) judge.line(line, () => reader.digestBefore(line))
  } catch (thrown) {
    if (thrown instanceof ReadStopped) why = `line ${thrown.line} ${thrown.message}`
    else if (thrown instanceof Stop) why = thrown.message
    else throw thrown
  } finally {
    await reader.close()
  }
  return { ...judge.result(why), ms: Math.round(performance.now() - startedAt) }
}

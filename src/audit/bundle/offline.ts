/** `audit verify BUNDLE`: a bundle judged by itself, in one pass, without a database or a configuration. */

import { openJudge, Stop } from './offline-judge.ts'
import { claimedSize } from './offline-notes.ts'
import { closingLines, openLines, ReadStopped } from './read.ts'
import type { BundleVerification, OfflineOptions } from './verification.ts'

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

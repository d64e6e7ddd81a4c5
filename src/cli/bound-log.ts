/** Keeps the log file that this process's standard error goes to from growing without end. */
import { copyFileSync, ftruncateSync, statSync } from 'node:fs'

const stderr = 2
const mostBytes = 8 * 1024 * 1024
const everyMs = 10_000

/**
 * Past `most` bytes, `file` is copied to `file.1` and emptied. Standard error must be open on it for appending, so that
 * writing goes on at the new end. Returns what stops the watching.
 */
export const boundLog = (file: string, most = mostBytes, intervalMs = everyMs): (() => void) => {
  const timer = setInterval(() => {
    try {
      if (statSync(file).size <= most) return
      copyFileSync(file, `${file}.1`)
      ftruncateSync(stderr, 0)
    } catch {
      // Somebody took the file away; there is nothing to bound.
    }
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

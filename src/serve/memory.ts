/** Credentials live in memory while they are in use; a core dump of this process, or of a child, must not hold them. */
import { writeFileSync } from 'node:fs'

/** Linux: no memory mapping goes into a core (core(5), coredump_filter). Elsewhere there is no such switch; docs/operate.md says so. */
export const keepMemoryOutOfCores = (warn: (message: string) => void): void => {
  if (process.platform !== 'linux') return
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    warn('core dumps of this process may hold credentials: coredump_filter could not be set')
  }
}

/** The times in a header. Order is by sequence number; these say when, and how far the clock could be believed. */
import { existsSync } from 'node:fs'

/** Injected, so that tests can make the wall clock jump. */
export interface Clock {
  /** Milliseconds since 1970, as the machine believes. */
  wallMs(): number
  /** Nanoseconds that never go back. */
  monoNs(): bigint
  /** Whether something disciplines the wall clock. */
  source(): 'ntp' | 'unsynced'
}

// Written by systemd-timesyncd once it has synchronised; other daemons leave no sign that a process may read.
const SYNCHRONISED = '/run/systemd/timesync/synchronized'
const RECHECK_NS = 60_000_000_000n

export const systemClock = (): Clock => {
  let checkedAt: bigint | undefined
  let source: 'ntp' | 'unsynced' = 'unsynced'
  return {
    wallMs: () => Date.now(),
    monoNs: () => process.hrtime.bigint(),
    source() {
      const now = process.hrtime.bigint()
      if (checkedAt === undefined || now - checkedAt > RECHECK_NS) {
        checkedAt = now
        source = existsSync(SYNCHRONISED) ? 'ntp' : 'unsynced'
      }
      return source
    },
  }
}

interface Stamp {
  readonly tWall: string
  readonly tSrc: 'ntp' | 'unsynced' | 'jumped'
  readonly tMonoNs: string
}

export interface Timekeeper {
  stamp(): Stamp
  /** Milliseconds that the wall clock moved against the monotonic one since it was last asked, when over a second. */
  jumped(): number | undefined
}

const JUMP_MS = 1000
/** How long after a jump events say that their time may be wrong. */
const DOUBT_NS = 60_000_000_000n

export const timekeeper = (clock: Clock): Timekeeper => {
  const start = clock.monoNs()
  let wall = clock.wallMs()
  let mono = start
  let doubtUntil = start
  return {
    stamp() {
      const now = clock.monoNs()
      const iso = new Date(clock.wallMs()).toISOString()
      return {
        tWall: `${iso.slice(0, -1)}000Z`,
        tSrc: now < doubtUntil ? 'jumped' : clock.source(),
        tMonoNs: String(now - start),
      }
    },
    jumped() {
      const nowWall = clock.wallMs()
      const nowMono = clock.monoNs()
      const moved = nowWall - wall - Number((nowMono - mono) / 1_000_000n)
      wall = nowWall
      mono = nowMono
      if (Math.abs(moved) < JUMP_MS) return undefined
      doubtUntil = nowMono + DOUBT_NS
      return Math.round(moved)
    },
  }
}

/** What a case of the fault harness is, and what it is given. A file of `cases/` exports `faults: readonly Fault[]`. */

export interface Outcome {
  readonly held: boolean
  /** What was seen, in one line: numbers, codes, what did not hold. */
  readonly figure: string
}

export interface Fault {
  /** Its number in the table of faults. */
  readonly fault: number
  /** What is broken and how, in a few words. */
  readonly name: string
  /** What must come of it. */
  readonly expected: string
  /** Most milliseconds that it takes on a machine that does nothing else; 120,000 unless told. */
  readonly limitMs?: number
  /** Throws `NotRun` where this machine can't make the fault; anything else that is thrown counts as not held. */
  run(kit: Kit): Promise<Outcome>
}

/** What every case is given; clusters, gateways and targets are opened with it, so that all of it is stopped after the case. */
export interface Kit {
  /** A folder of this case's own, gone when it ends. */
  readonly folder: string
  /** Aborts when the time is up. */
  readonly signal: AbortSignal
  /** In [0, 1), from the run's seed and the fault's number: the same seed gives the same numbers. */
  random(): number
  /** Run when the case ends, however it ends; the last is the first. */
  defer(stop: () => unknown): void
  /** For a person who watches with FAULTS_VERBOSE=1. */
  say(text: string): void
}

/** This machine can't make the fault; `message` says why. */
export class NotRun extends Error {
  override readonly name = 'NotRun'
}

/** What a case found, put together: held when every check is true; the figure names those that are not. */
export const verdict = (checks: Readonly<Record<string, boolean>>, figure: string): Outcome => {
  const broken = Object.entries(checks)
    .filter(([, held]) => !held)
    .map(([name]) => name)
  return broken.length === 0
    ? { held: true, figure }
    : { held: false, figure: `NOT: ${broken.join('; ')} (${figure})` }
}

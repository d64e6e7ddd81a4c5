/** How old this gateway's oldest unsigned event is, by the monotonic clock, and the refusal of calls once that is too old. Costs a call no query. */
import { type Clock, systemClock } from './clock.ts'
import { unavailable } from './sequencer-options.ts'

export interface UnsignedOptions {
  /** Calls are refused when the oldest unsigned event is older. */
  readonly maxMs: number
  readonly clock?: Clock
}

export interface Watched {
  /** Last event of this gateway's stream. */
  head(): bigint
  /** Last event of it that a stored checkpoint covers. */
  signed(): Promise<bigint>
}

export interface Unsigned {
  /** For the log's gates. Throws AUDIT_UNAVAILABLE. */
  readonly gate: () => void
  /** Age of the oldest unsigned event, 0 when there is none. */
  ageMs(): number
  /** Refuses calls at once, until told otherwise: notary and store contradict each other. */
  contradicted(why: string | undefined): void
  /** Begins to look. */
  watch(watched: Watched): void
  /** Something was signed: looks now. */
  look(): void
  stop(): void
}

interface Sample {
  readonly atNs: bigint
  readonly seq: bigint
}

const MOST_SAMPLES = 512
const MS = 1_000_000n

export const openUnsigned = ({ clock = systemClock(), maxMs }: UnsignedOptions): Unsigned => {
  // Of what was there when: the oldest unsigned event came after the last sample that is signed whole.
  let samples: Sample[] = [{ atNs: clock.monoNs(), seq: 0n }]
  let signed = 0n
  let why: string | undefined
  let watched: Watched | undefined
  let timer: NodeJS.Timeout | undefined
  let looking = false
  const everyMs = Math.max(10, Math.min(250, maxMs / 20))
  let sinceLook = 0

  const prune = (): void => {
    const first = samples.findLastIndex(({ seq }) => seq <= signed)
    if (first > 0) samples = samples.slice(first)
    // Fewer samples only make the age seem greater.
    if (samples.length > MOST_SAMPLES)
      samples = samples.filter((_, at) => at === 0 || at % 2 === 0 || at === samples.length - 1)
  }

  const sample = (): void => {
    const seq = watched?.head() ?? 0n
    const atNs = clock.monoNs()
    if (samples.at(-1)?.seq === seq) samples.pop()
    if (samples.length === 0 || seq <= signed) samples = [{ atNs, seq }]
    else if (samples.at(-1)?.seq !== seq) samples.push({ atNs, seq })
    prune()
  }

  const ageMs = (): number => {
    if (watched === undefined || watched.head() <= signed) return 0
    const since = samples.findLast(({ seq }) => seq <= signed) ?? samples[0]
    return since === undefined ? 0 : Number((clock.monoNs() - since.atNs) / MS)
  }

  const look = async (): Promise<void> => {
    if (looking || watched === undefined || watched.head() <= signed) return
    looking = true
    try {
      const now = await watched.signed()
      if (now > signed) signed = now
      prune()
    } catch {
      // A store that does not answer leaves the age to grow, which is what it should do.
    } finally {
      looking = false
    }
  }

  return {
    gate() {
      if (why !== undefined)
        throw unavailable(
          'The log and its notary contradict each other, so nothing runs.',
          new Error(why),
        )
      const age = ageMs()
      if (age > maxMs)
        throw unavailable(
          `The log was not signed for ${Math.round(age / 1000)} s; nothing runs until its notary signs again.`,
        )
    },
    ageMs,
    contradicted: (reason) => {
      why = reason
    },
    watch(what) {
      watched = what
      timer = setInterval(() => {
        sample()
        sinceLook += everyMs
        if (sinceLook < Math.min(1000, maxMs / 4)) return
        sinceLook = 0
        void look()
      }, everyMs).unref()
    },
    look: () => void look(),
    stop: () => clearInterval(timer),
  }
}

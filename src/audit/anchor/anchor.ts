/** Puts checkpoints where the database's owner has no hand in: each at least every minute, read back, and looked at again later. */
import { parseCheckpoint } from '../tree/checkpoint-note.ts'

/** A place outside the database. */
export interface AnchorPlace {
  /** Stable, for the log and for people: `dir:/srv/anchors`, `s3:bucket/prefix`. */
  readonly name: string
  /** Writes the note once, never over another. Throws AnchorFault, or whatever the place failed with. */
  put(file: string, note: string): Promise<void>
  /** What lies there now under this name; undefined when nothing does. */
  get(file: string): Promise<string | undefined>
}

/** The place is there and does not keep what it should. Its message is for the operator. */
export class AnchorFault extends Error {
  override readonly name = 'AnchorFault'
}

/** The last checkpoint that a place is known to have taken. */
export interface Anchored {
  readonly file: string
  readonly note: string
}

export interface AnchorOptions {
  readonly places: readonly AnchorPlace[]
  /** Survives the process: so that the next leader looks whether it is still there. */
  readonly recall: (place: string) => Promise<Anchored | undefined>
  readonly remember: (place: string, anchored: Anchored) => Promise<void>
  /** For the operator's log. */
  readonly alarm: (message: string, cause?: unknown) => void
  /** Between two anchors; 30,000 unless told. */
  readonly everyMs?: number
  /** The first wait after a failure; it doubles up to `everyMs`. */
  readonly retryMs?: number
}

export interface Anchors {
  /** A checkpoint is signed and stored. */
  offer(note: string): void
  /** How long the oldest checkpoint that some place has not taken waits; 0 when all have all. */
  lagMs(): number
  /** Anchors that were found gone or changed. */
  lost(): number
  stop(): Promise<void>
}

/** Name of a checkpoint's file or object, in order of size. */
export const anchorFile = (note: string): string => {
  const { epoch, origin, size } = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1))
  const log = origin.replaceAll('/', '_')
  return `${log}-${String(epoch).padStart(3, '0')}-${String(size).padStart(16, '0')}.note`
}

const openPlace = (place: AnchorPlace, options: AnchorOptions) => {
  const { alarm, everyMs = 30_000, recall, remember, retryMs = 1_000 } = options
  let latest: string | undefined
  let last: Anchored | undefined
  let waitingSince: number | undefined
  let lost = 0
  let stopped = false
  let wake: () => void = () => undefined
  let alarmedAt = Number.NEGATIVE_INFINITY

  const lookAgain = async (): Promise<void> => {
    if (last === undefined) return
    const there = await place.get(last.file)
    if (there === last.note) return
    lost += 1
    alarm(
      `The anchor ${place.name} ${there === undefined ? 'has lost' : 'has changed'} ${last.file}: what it held can not be proved by it any more.`,
    )
    // Said once; the next checkpoint is anchored all the same.
    last = undefined
  }

  const anchor = async (note: string): Promise<void> => {
    const file = anchorFile(note)
    const startedAt = performance.now()
    await place.put(file, note)
    if ((await place.get(file)) !== note)
      throw new AnchorFault(`${place.name} took ${file} and does not give it back as it was.`)
    last = { file, note }
    waitingSince = latest === note ? undefined : startedAt
    await remember(place.name, last)
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((next) => {
      if (stopped) return next()
      const timer = setTimeout(next, ms).unref()
      wake = () => {
        clearTimeout(timer)
        next()
      }
    })

  const complain = (cause: unknown): void => {
    const now = performance.now()
    if (now - alarmedAt < 60_000) return
    alarmedAt = now
    const seconds = Math.round((now - (waitingSince ?? now)) / 1000)
    const words = cause instanceof AnchorFault ? ` ${cause.message}` : ''
    alarm(`The anchor ${place.name} takes nothing; ${seconds} s behind.${words}`, cause)
  }

  const running = (async () => {
    let waitMs = retryMs
    let recalled = false
    while (!stopped) {
      try {
        if (!recalled) last ??= await recall(place.name)
        recalled = true
        const note = latest
        await lookAgain()
        if (note !== undefined && note !== last?.note) await anchor(note)
        waitMs = retryMs
        alarmedAt = Number.NEGATIVE_INFINITY
        await pause(latest === undefined ? Math.min(1_000, everyMs) : everyMs)
      } catch (thrown) {
        complain(thrown)
        await pause(waitMs)
        waitMs = Math.min(waitMs * 2, everyMs)
      }
    }
  })()

  return {
    offer(note: string): void {
      const first = latest === undefined
      latest = note
      waitingSince ??= performance.now()
      if (first) wake()
    },
    lagMs: () => (waitingSince === undefined ? 0 : performance.now() - waitingSince),
    lost: () => lost,
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}

export const startAnchors = (options: AnchorOptions): Anchors => {
  const places = options.places.map((place) => openPlace(place, options))
  return {
    offer: (note) => {
      for (const place of places) place.offer(note)
    },
    lagMs: () => Math.max(0, ...places.map((place) => place.lagMs())),
    lost: () => places.reduce((sum, place) => sum + place.lost(), 0),
    async stop() {
      await Promise.all(places.map((place) => place.stop()))
    },
  }
}

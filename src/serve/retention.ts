/** The windows of `log.retention`, applied while the gateway runs: by the one that leads the log, events first, then the erasure. */
import { type CarriedOut, carryOut } from '../audit/retention/erase.ts'
import { readHolds, sparedBy } from '../audit/retention/erase-holds.ts'
import type { AskRows } from '../audit/tree/tree-read.ts'
import type { Config } from '../config/types.ts'
import { asEraser } from '../store/eraser.ts'

/** Empties what events name, as the eraser; `by` as in `asEraser`. Finds by itself what an earlier run left. */
export const finishErasures = (
  by: { readonly url?: string; readonly state: string },
  config: Pick<Config, 'targets'>,
): Promise<CarriedOut> =>
  asEraser(by, async (client) => {
    const read: AskRows = async (text, values) => (await client.query(text, [...values])).rows
    return carryOut({
      read,
      ask: async (text, values) => (await client.query(text, [...values])).rowCount ?? 0,
      spared: sparedBy(await readHolds(read), config.targets),
    })
  })

export interface RetentionOptions {
  /** Whether this gateway leads the log: one job a log is enough, two at a time do no harm. */
  leads(): boolean
  /** Names in events what is kept no longer; how many. */
  name(): Promise<number>
  /** Empties what is named; left out where the gateway has no login that may. */
  readonly finish?: () => Promise<CarriedOut>
  tell(done: { readonly named: number } & Partial<CarriedOut>): void
  failed(error: unknown): void
  /** First run after the start; a minute unless told. */
  readonly firstMs?: number
  /** Between two runs; an hour unless told. */
  readonly everyMs?: number
}

const minuteMs = 60_000

/** Each run may die anywhere: the next one, here or elsewhere, begins with what is left. */
export const startRetention = (options: RetentionOptions): { stop(): Promise<void> } => {
  const { everyMs = 60 * minuteMs, failed, firstMs = minuteMs } = options
  let running: Promise<void> = Promise.resolve()
  let stopping = false
  let timer: NodeJS.Timeout

  const run = async (): Promise<void> => {
    if (!options.leads()) return
    const named = await options.name()
    if (stopping || options.finish === undefined) {
      if (named > 0) options.tell({ named })
      return
    }
    const done = await options.finish()
    if (named + done.parts + done.keys > 0) options.tell({ named, ...done })
  }
  const next = (ms: number): void => {
    timer = setTimeout(() => {
      running = run()
        .catch(failed)
        .finally(() => {
          if (!stopping) next(everyMs)
        })
    }, ms)
    timer.unref()
  }
  next(firstMs)
  return {
    async stop() {
      stopping = true
      clearTimeout(timer)
      await running
    },
  }
}

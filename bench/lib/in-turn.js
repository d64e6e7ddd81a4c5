// Runs beside each other, call by call in turn, so that the machine's moods hit all alike.
import { load, median } from './load.js'

/** p50 of each in ms; `runs` are warmed up first. */
export const inTurn = async (runs, seconds) => {
  const seen = runs.map(() => [])
  for (const run of runs) await load(1, run, 5, 400)
  const until = performance.now() + seconds * 1000
  while (performance.now() < until)
    for (const [at, run] of runs.entries()) {
      const from = performance.now()
      await run()
      seen[at].push(performance.now() - from)
    }
  return seen.map((times) => Number(median(times).toFixed(3)))
}

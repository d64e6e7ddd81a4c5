// Load: so many callers, each with one call under way, for so many seconds or calls; calls/s and latencies.

export const load = async (callers, call, seconds, most = Number.POSITIVE_INFINITY) => {
  const until = performance.now() + seconds * 1_000
  const times = []
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() < until && times.length < most) {
        const at = performance.now()
        await call(caller)
        times.push(performance.now() - at)
      }
    }),
  )
  const took = (performance.now() - startedAt) / 1_000
  times.sort((a, b) => a - b)
  const at = (share) =>
    Number((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2))
  return { perSecond: Math.round(times.length / took), p50: at(0.5), p99: at(0.99) }
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

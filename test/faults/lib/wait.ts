/** Waiting, with an end. */
export const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

/** Polls until `done` gives something that is not false or undefined; throws after `ms` with `what`. A throw of `done` is not yet. */
export const eventually = async <T>(
  what: string,
  ms: number,
  done: () => Promise<T> | T,
): Promise<Exclude<T, false | null | undefined>> => {
  let last: unknown
  for (const until = performance.now() + ms; ; ) {
    try {
      const found = await done()
      if (found !== undefined && found !== null && found !== false)
        return found as Exclude<T, false | null | undefined>
    } catch (thrown) {
      last = thrown
    }
    if (performance.now() >= until)
      throw new Error(`did not come about in ${ms} ms: ${what}${last ? ` (${String(last)})` : ''}`)
    await pause(50)
  }
}

/** Rejects after `ms` with `what`. */
export const within = async <T>(what: string, ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

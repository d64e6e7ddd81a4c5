/** A gateway that a client started stops when nobody has used it for a while. */
export const watchIdle = (
  exitMs: number | undefined,
  busy: () => boolean,
  exit: () => void,
): { touch(): void; stop(): void } => {
  let last = performance.now()
  const touch = (): void => {
    last = performance.now()
  }
  if (exitMs === undefined) return { touch, stop: () => undefined }
  const timer = setInterval(
    () => {
      if (busy()) touch()
      else if (performance.now() - last >= exitMs) exit()
    },
    Math.min(1_000, exitMs),
  )
  timer.unref()
  return { touch, stop: () => clearInterval(timer) }
}

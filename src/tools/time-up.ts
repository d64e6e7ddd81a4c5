/** Why a run is told to stop: its time is up, or nobody waits for it any more. */
export const timeIsUp = (signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true &&
  signal.reason instanceof Error &&
  signal.reason.name === 'TimeoutError'

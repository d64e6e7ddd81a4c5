/** So many at once, the others in the order in which they came: one read of a connection may bring thousands of messages. */

export interface AtOnce {
  run(work: () => Promise<void>): void
  /** Nobody more can begin now. */
  full(): boolean
  /** Nothing runs and nothing waits. */
  idle(): boolean
}

/** `failed` gets what a work throws; `changed` is called whenever one has ended. */
export const atOnce = (
  most: number,
  by: { readonly failed: (error: unknown) => void; readonly changed: () => void },
): AtOnce => {
  let running = 0
  let waiting: (() => Promise<void>)[] = []
  let next = 0
  const begin = (work: () => Promise<void>): void => {
    running += 1
    void work()
      .catch(by.failed)
      .finally(() => {
        running -= 1
        const following = waiting[next]
        if (following === undefined) {
          waiting = []
          next = 0
        } else {
          next += 1
          begin(following)
        }
        by.changed()
      })
  }
  return {
    run: (work) => {
      if (running < most) begin(work)
      else waiting.push(work)
    },
    full: () => running >= most,
    idle: () => running === 0,
  }
}

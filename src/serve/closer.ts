/** What was opened is closed in the opposite order, once, whatever fails on the way. */
export interface Closer {
  add(close: () => Promise<void>): void
  close(): Promise<void>
  readonly closed: Promise<void>
}

export const closer = (failed: (error: unknown) => void): Closer => {
  const open: (() => Promise<void>)[] = []
  let done: () => void = () => undefined
  const closed = new Promise<void>((resolve) => {
    done = resolve
  })
  let closing: Promise<void> | undefined
  const all = async (): Promise<void> => {
    for (let close = open.pop(); close; close = open.pop()) await close().catch(failed)
    done()
  }
  return {
    add: (close) => void open.push(close),
    close: () => {
      closing ??= all()
      return closing
    },
    closed,
  }
}

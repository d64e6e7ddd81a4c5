/** Refused sign-ins, counted by kind: a flood of bad tokens becomes a few events, not a full disk (fault 47). */

/** Why somebody stayed nobody. A closed list: nothing that the sender wrote is in it. */
const refusalKinds = [
  'no-token',
  'malformed',
  'algorithm',
  'issuer',
  'key',
  'signature',
  'audience',
  'expired',
  'not-yet-valid',
  'not-an-access-token',
  'not-a-person',
  'claims',
  'keys-unavailable',
  'local-token',
  'passphrase',
  'locked-out',
  'host',
  'origin',
  'not-an-approver',
] as const
export type RefusalKind = (typeof refusalKinds)[number]

export interface Refusals {
  count(kind: RefusalKind): void
  /** Sends what is counted and stops. */
  close(): Promise<void>
}

/**
 * Sends the counts through `record` at most once every `everyMs` (and only when there are some), so at most one event
 * an interval whatever the load. A failed `record` keeps the counts for the next time.
 */
export const countRefusals = (
  record: (counts: Readonly<Partial<Record<RefusalKind, number>>>) => Promise<void>,
  everyMs = 10_000,
): Refusals => {
  let counts: Partial<Record<RefusalKind, number>> = {}
  let timer: NodeJS.Timeout | undefined

  const arm = (): void => {
    timer ??= setTimeout(() => void flush(), everyMs)
    timer.unref()
  }
  const flush = async (): Promise<void> => {
    timer = undefined
    const sent = counts
    if (Object.keys(sent).length === 0) return
    counts = {}
    try {
      await record(sent)
    } catch {
      // The log is away; it says so itself. What was counted waits for it.
      for (const kind of refusalKinds) {
        const more = sent[kind]
        if (more !== undefined) counts[kind] = (counts[kind] ?? 0) + more
      }
      arm()
    }
  }
  return {
    count: (kind) => {
      counts[kind] = (counts[kind] ?? 0) + 1
      arm()
    },
    close: async () => {
      clearTimeout(timer)
      await flush()
      clearTimeout(timer)
    },
  }
}

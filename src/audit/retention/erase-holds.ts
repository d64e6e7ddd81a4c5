/** Legal holds: what no erasure may touch, one call or every call on targets with some labels. */
import type { AskRows } from '../tree/tree-read.ts'

export interface Hold {
  readonly id: string
  readonly callId: string | undefined
  readonly labels: Readonly<Record<string, string>> | undefined
}

/** What an erasure leaves alone. */
export interface Spared {
  readonly calls: readonly string[]
  readonly targets: readonly string[]
  /** Targets that the configuration still has; of any other the labels are unknown, so a hold by labels spares it too. */
  readonly known: readonly string[] | undefined
}

interface Labelled {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Holds in force. */
export const readHolds = async (ask: AskRows): Promise<readonly Hold[]> => {
  const rows = await ask(
    'select hold_id::text as id, call_id::text as call, labels from audit.legal_hold where lifted_at is null order by held_at',
    [],
  )
  return rows.map(({ call, id, labels }) => ({
    id: String(id),
    callId: typeof call === 'string' ? call : undefined,
    // The writer is the only one who inserts here, and it inserts a map of texts.
    labels: (labels ?? undefined) as Hold['labels'],
  }))
}

export const hasLabels = (target: Labelled, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([key, value]) => target.labels[key] === value)

export const sparedBy = (holds: readonly Hold[], targets: readonly Labelled[]): Spared => {
  const byLabels = holds.flatMap(({ labels }) => (labels ? [labels] : []))
  return {
    calls: holds.flatMap(({ callId }) => callId ?? []),
    targets: targets
      .filter((target) => byLabels.some((labels) => hasLabels(target, labels)))
      .map(({ name }) => name),
    known: byLabels.length > 0 ? targets.map(({ name }) => name) : undefined,
  }
}

/** SQL condition on event `e`, with its values in the order of `from` and after. */
export const notSpared = (
  { calls, known, targets }: Spared,
  from: number,
): { readonly sql: string; readonly values: readonly unknown[] } => ({
  sql: `not (coalesce(e.call_id = any($${from}::uuid[]), false)
    or coalesce(e.header ->> 'target' = any($${from + 1}::text[]), false)
    or coalesce(exists (select from audit.event o where o.call_id = e.call_id
      and o.header ->> 'target' = any($${from + 1}::text[])), false)
    or ($${from + 2}::text[] is not null and coalesce(not e.header ->> 'target' = any($${from + 2}::text[]), false)))`,
  values: [calls, targets, known ?? null],
})

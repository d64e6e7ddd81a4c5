/** Windows of `log.retention` as erasures: whose contents are older than what is kept for their targets. */
import type { EraseScope } from './erase.ts'
import { hasLabels } from './erase-holds.ts'

interface Window {
  readonly labels: Readonly<Record<string, string>>
  /** Of targets; every kind where it is left out. */
  readonly kind?: string
  readonly keepMs: number
}
interface Labelled {
  readonly name: string
  readonly kind: string
  readonly labels: Readonly<Record<string, string>>
}

/** A target is kept as long as the longest window of its kind whose labels it has; one without a window is kept for ever. */
export const windowsOf = (
  retention: readonly Window[],
  targets: readonly Labelled[],
  now: Date,
): readonly EraseScope[] => {
  const known = targets.map(({ name }) => name)
  const byKeep = new Map<number, string[]>()
  for (const target of targets) {
    const fitting = retention.filter(
      ({ kind, labels }) =>
        (kind === undefined || kind === target.kind) && hasLabels(target, labels),
    )
    if (fitting.length === 0) continue
    const keep = Math.max(...fitting.map(({ keepMs }) => keepMs))
    byKeep.set(keep, [...(byKeep.get(keep) ?? []), target.name])
  }
  // What is of no target, or of one that is gone, has neither labels nor a kind: only windows without both speak for it.
  const plain = retention.filter(
    ({ kind, labels }) => kind === undefined && Object.keys(labels).length === 0,
  )
  const others = plain.length > 0 ? Math.max(...plain.map(({ keepMs }) => keepMs)) : undefined
  if (others !== undefined) byKeep.set(others, byKeep.get(others) ?? [])
  return [...byKeep].map(([keep, names]) => ({
    before: new Date(now.getTime() - keep),
    targets: { names, others: keep === others, known },
  }))
}

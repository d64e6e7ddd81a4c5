/** Names as Kubernetes has them, checked before they become part of a path. */
import { GateError } from '../../errors.ts'

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const subdomain =
  /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/
/** Roles and their bindings may be called anything that is one segment of a path (`system:node`). */
const segment = /^[A-Za-z0-9:._-]+$/

/** RFC 1123 label: namespaces, containers. */
export const isLabel = (name: string): boolean => label.test(name)
/** RFC 1123 subdomain: nearly all else. */
export const isSubdomain = (name: string): boolean => name.length <= 253 && subdomain.test(name)

/** Throws INPUT_REFUSED when the namespace is no RFC 1123 label. */
export const checkNamespace = (name: string): string => {
  if (isLabel(name)) return name
  throw new GateError('INPUT_REFUSED', 'The namespace is not a valid name (RFC 1123 label).', {
    hint: 'A namespace has lower-case letters, digits and dashes, at most 63.',
  })
}

/** Throws INPUT_REFUSED when an object of this group can't have such a name. */
export const checkName = (name: string, group: string): string => {
  const path = group === 'rbac.authorization.k8s.io' && segment.test(name) && !/^\.\.?$/.test(name)
  if (isSubdomain(name) || (path && name.length <= 253)) return name
  throw new GateError('INPUT_REFUSED', 'The name is not a valid name (RFC 1123 subdomain).', {
    hint: name.includes('/')
      ? 'Give the kind as resource and the name alone as name.'
      : 'A name has lower-case letters, digits, dashes and dots, at most 253.',
  })
}

/** Names that come from the cluster are told only when they look like names. */
export const plain = (name: unknown): string | undefined =>
  typeof name === 'string' && name.length <= 253 && segment.test(name) ? name : undefined

const distance = (a: string, b: string): number => {
  let before = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++)
      row.push(
        Math.min(
          (before[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    before = row
  }
  return before[b.length] ?? Math.max(a.length, b.length)
}

/** The candidate that is a slip of the hand away from `word`; undefined when none is near. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  const wanted = word.toLowerCase().slice(0, 64)
  let best: string | undefined
  let least = Math.max(1, Math.min(4, Math.floor(wanted.length / 3))) + 1
  for (const candidate of candidates) {
    if (candidate.length > 64 || Math.abs(candidate.length - wanted.length) >= least) continue
    const far = distance(wanted, candidate.toLowerCase())
    if (far >= least) continue
    best = candidate
    least = far
  }
  return best
}

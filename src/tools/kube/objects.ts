/** Objects as they are shown: without what only machines read, and without the values of Secrets. */
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'

export type Obj = { readonly [key: string]: Json }
export const isObject = (value: Json | undefined): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const at = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (found, key) => (isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined),
    value,
  )
export const textAt = (value: Json | undefined, ...path: readonly string[]): string => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}
export const listAt = (value: Json | undefined, ...path: readonly string[]): readonly Json[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** What stands in for a Secret's value, as masking writes it. */
export const hiddenValue = '[masked:secret]'

export const isSecret = (value: Json | undefined): boolean =>
  textAt(value, 'kind') === 'Secret' && /^(v\d+)?$/.test(textAt(value, 'apiVersion'))

const hidden = (value: Json | undefined): Json =>
  isObject(value)
    ? Object.fromEntries(Object.keys(value).map((key) => [key, hiddenValue]))
    : hiddenValue

/** A Secret with every value hidden, names of keys kept; anything else as it is. `kind` for objects that lost theirs in a list. */
export const withoutSecrets = (value: Obj, secret = isSecret(value)): Obj => {
  if (!secret) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'data' || key === 'stringData' ? hidden(member) : member,
    ]),
  )
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Without managedFields, selfLink and the copy of itself that kubectl keeps in an annotation (which holds Secrets in the clear). */
export const withoutNoise = (value: Obj): Obj => {
  const { metadata } = value
  if (!isObject(metadata)) return value
  const { managedFields: _, selfLink: __, annotations, ...rest } = metadata
  const kept = isObject(annotations)
    ? Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== lastApplied))
    : {}
  const shown = Object.keys(kept).length > 0 ? { ...rest, annotations: kept } : rest
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === 'metadata' ? shown : member]),
  )
}

const deepest = 100
const tooDeep = (value: Json, depth = 0): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth > deepest || Object.values(value).some((member: Json) => tooDeep(member, depth + 1)))

/** Throws TARGET_FAILED for an object that what comes behind would have to recurse into too deeply. */
export const checkDepth = (value: Json): void => {
  if (tooDeep(value))
    throw new GateError('TARGET_FAILED', 'The object is nested too deeply to be shown.')
}

/** An object as agents see it. Throws TARGET_FAILED when it is nested too deeply. */
export const shownObject = (value: Obj, secret?: boolean): Obj => {
  checkDepth(value)
  return withoutNoise(withoutSecrets(value, secret ?? isSecret(value)))
}

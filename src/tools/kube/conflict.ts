/** Why an apply was refused, where the server's words can be told by their safe parts: owners of fields, names of fields. */
import { GateError } from '../../errors.ts'
import { fieldPath, Refused } from './failure.ts'

const owner = /^conflict with "([\w./:@ -]{1,128})"/
const unknownField =
  /(?:unknown field "([^"]{1,200})"|(\.[^\s:]{1,200}): field not declared in schema)/g

/** Whether nobody but we ourselves own what was to be applied: fields that an earlier scale or restart of ours set. */
export const ownConflict = (thrown: unknown, manager: string): boolean => {
  if (!(thrown instanceof Refused) || thrown.status !== 409) return false
  const causes = thrown.said.details?.causes ?? []
  return (
    causes.length > 0 &&
    causes.every(
      ({ reason, message }) =>
        reason === 'FieldManagerConflict' && owner.exec(message ?? '')?.[1] === manager,
    )
  )
}

/** A GateError for conflicts and unknown fields; undefined for everything else. */
export const explained = (thrown: unknown): GateError | undefined => {
  if (!(thrown instanceof Refused)) return undefined
  const causes = thrown.said.details?.causes ?? []
  const conflicts = causes.filter(({ reason }) => reason === 'FieldManagerConflict')
  if (thrown.status === 409 && conflicts.length > 0) {
    const told = conflicts.slice(0, 8).map(({ field, message }) => {
      const by = owner.exec(message ?? '')?.[1]
      return `${fieldPath(field) ?? 'a field'}${by ? ` (${by})` : ''}`
    })
    return new GateError(
      'TARGET_FAILED',
      `Other managers own fields of this manifest: ${told.join(', ')}. Nothing was changed.`,
      {
        targetCode: '409',
        retry: false,
        hint: 'Leave these fields out of the manifest, or have them changed by who owns them.',
        cause: thrown,
      },
    )
  }
  const unknown = [...(thrown.said.message ?? '').matchAll(unknownField)].flatMap(
    ([, quoted, dotted]) => {
      const path = fieldPath(quoted ?? dotted)
      return path ? [path] : []
    },
  )
  if (unknown.length === 0) return undefined
  return new GateError(
    'INPUT_REFUSED',
    `The manifest has fields that this kind does not: ${unknown.slice(0, 5).join(', ')}. Nothing was changed.`,
    {
      targetCode: String(thrown.status),
      cause: thrown,
    },
  )
}

/** The caller as the cluster's own user, where the target says so; never as one of the cluster's own powers. */
import { GateError } from '../../errors.ts'
import type { Session } from '../../types.ts'

const headerText = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/**
 * `Impersonate-User` and `Impersonate-Group` of a caller. Groups that begin with `system:` are Kubernetes' own
 * (`system:masters` passes every check) and are left out. Throws NOT_ALLOWED for a subject that would be one of the
 * cluster's own users, or that no header can hold.
 */
export const impersonation = ({
  sub,
  groups,
}: Session['caller']): Readonly<Record<string, string | readonly string[]>> => {
  if (/^system:/i.test(sub) || !headerText.test(sub) || sub.length > 256)
    throw new GateError(
      'NOT_ALLOWED',
      'This target works as its caller, and your name can not be a user of the cluster.',
      {
        hint: 'Names that begin with system: are kept for the cluster itself.',
      },
    )
  const passed = groups.filter(
    (group) => !/^system:/i.test(group) && headerText.test(group) && group.length <= 256,
  )
  return {
    'Impersonate-User': sub,
    ...(passed.length > 0 ? { 'Impersonate-Group': passed } : {}),
  }
}

/** Who counts for which need: pure rules over an approval and its answers. */
import type { Caller, Need } from '../types.ts'
import { type Answer, type Row, samePerson } from './row.ts'

/** Whether this person may count for this need of this request. */
export const eligible = (
  need: Need,
  found: Pick<Row, 'iss' | 'sub'>,
  by: Pick<Caller, 'iss' | 'sub' | 'groups'>,
): boolean =>
  samePerson(found, by)
    ? need.self && (need.groups.length === 0 || inGroups(need, by))
    : inGroups(need, by)

const inGroups = (need: Need, by: Pick<Caller, 'groups'>): boolean =>
  need.groups.some((group) => by.groups.includes(group))

/**
 * Each need has to be met by its quorum of distinct people. A person counts once for a need and may count for several needs,
 * since needs add up as conditions and not as heads. No needs are never met: a request that asks for nobody was not made by us.
 */
export const met = (
  found: Pick<Row, 'iss' | 'sub' | 'needs'>,
  answers: readonly Pick<Answer, 'iss' | 'sub' | 'groups' | 'decision'>[],
): boolean => {
  const yes = answers.filter(({ decision }) => decision === 'approve')
  return (
    found.needs.length > 0 &&
    found.needs.every(
      (need) =>
        new Set(
          yes
            .filter((by) => eligible(need, found, by))
            .map(({ iss, sub }) => JSON.stringify([iss, sub])),
        ).size >= need.quorum,
    )
  )
}

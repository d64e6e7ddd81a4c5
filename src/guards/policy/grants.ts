/** `grants:` of the configuration as Cedar: the grant's id is the policy's. */
import type { Effect, Need } from '../../types.ts'

export interface Grant {
  readonly id: string
  readonly groups: readonly string[]
  readonly targets:
    | { readonly kind: 'names'; readonly names: readonly string[] }
    | { readonly kind: 'labels'; readonly labels: Readonly<Record<string, string>> }
  readonly tools: readonly string[]
  readonly effects: readonly Effect[]
  readonly approval?: Need
  readonly mask: readonly string[]
}

/** A Cedar string literal for any well-formed text. */
export const cedarString = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]|["\\]/gu, (character) =>
    character === '"' || character === '\\'
      ? `\\${character}`
      : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )}"`

const entities = (type: string, ids: readonly string[]): string =>
  `[${ids.map((id) => `${type}::${cedarString(id)}`).join(', ')}]`

/** The text of the policy that a grant is. Cedar refuses empty lists. */
export const grantText = (grant: Grant): string => {
  const [group, ...groups] = grant.groups
  const names = grant.targets.kind === 'names' ? grant.targets.names : []
  const [target, ...targets] = names
  const oneGroup = group !== undefined && groups.length === 0
  const oneTarget = target !== undefined && targets.length === 0
  const conditions = [
    ...(oneGroup ? [] : [`principal in ${entities('Group', grant.groups)}`]),
    ...(grant.targets.kind === 'labels'
      ? Object.entries(grant.targets.labels).map(
          ([key, value]) =>
            `resource.hasTag(${cedarString(key)}) && resource.getTag(${cedarString(key)}) == ${cedarString(value)}`,
        )
      : oneTarget
        ? []
        : [`resource in ${entities('Target', names)}`]),
    `[${grant.effects.map(cedarString).join(', ')}].contains(context.effect)`,
  ]
  return [
    ...annotations(grant),
    `permit (
  principal${oneGroup ? ` in Group::${cedarString(group)}` : ''},
  action in ${entities('Action', grant.tools)},
  resource${oneTarget ? ` == Target::${cedarString(target)}` : ''}
)
when { ${conditions.join(' && ')} };`,
  ].join('\n')
}

const annotations = ({ id, approval, mask }: Grant): readonly string[] => [
  `@id(${cedarString(id)})`,
  ...(approval === undefined
    ? []
    : [
        `@approvers(${cedarString(JSON.stringify(approval.groups))})`,
        `@quorum("${approval.quorum}")`,
        `@within("${Math.ceil(approval.withinMs / 1000)}s")`,
        `@self("${approval.self}")`,
      ]),
  ...(mask.length === 0 ? [] : [`@mask(${cedarString(mask.join(', '))})`]),
]

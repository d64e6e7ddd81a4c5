/** A small world for the policy tests: one caller, one target, two tools, and policies as text. */
import { type Judgeable, type PolicyGuard, policyGuard } from '../../src/guards/index.ts'
import type { Grant } from '../../src/guards/policy/grants.ts'
import type { PolicyTool } from '../../src/guards/policy/schema.ts'
import type { FactValue } from '../../src/types.ts'

export const tools: readonly PolicyTool[] = [
  {
    name: 'sql_query',
    kind: 'postgres',
    ceiling: 'read',
    factKinds: { tables: 'strings', has_where: 'boolean', statements: 'long', kind: 'string' },
  },
  {
    name: 'sql_execute',
    kind: 'postgres',
    ceiling: 'admin',
    factKinds: { tables: 'strings', has_where: 'boolean', statements: 'long', kind: 'string' },
  },
  { name: 'ssh_run', kind: 'ssh', ceiling: 'admin', factKinds: { programs: 'strings' } },
]

export const shop = { name: 'shop', kind: 'postgres', labels: { env: 'prod' } } as const
export const ana = {
  iss: 'https://login.example.com',
  sub: 'ana',
  client: 'editor',
  groups: ['engineers'],
}

/** A read of `orders` with `sql_query` by ana, unless told. */
export const call = (
  change: Partial<Omit<Judgeable, 'facts'>> & {
    readonly effect?: Judgeable['facts']['effect']
    readonly policy?: Readonly<Record<string, FactValue>>
  } = {},
): Judgeable => {
  const { effect = 'read', policy, ...rest } = change
  const facts = {
    tables: ['public.orders'],
    has_where: true,
    statements: 1,
    kind: 'select',
    ...policy,
  }
  return {
    at: new Date('2026-03-02T10:00:00Z'),
    caller: ana,
    tool: 'sql_query',
    target: shop,
    ...rest,
    facts: { effect, policy: facts },
  }
}

export const guardOf = (text: string, grants: readonly Grant[] = []): PolicyGuard =>
  policyGuard({ tools, grants, files: [{ file: 'rules.cedar', text }], targets: ['shop', 'other'] })

/** kind, rules and needs' groups of what the policies say. */
export const said = (text: string, asked: Judgeable = call()): string => {
  const verdict = guardOf(text).judge(asked)
  const needs =
    verdict.kind === 'hold'
      ? ` needs ${verdict.needs.map(({ groups }) => groups.join('|')).join('+')}`
      : ''
  const masks =
    verdict.kind !== 'deny' && verdict.masking.length > 0
      ? ` masks ${verdict.masking.join('+')}`
      : ''
  return `${verdict.kind} ${verdict.rules.join(',')}${needs}${masks}`.trim()
}

export const grant = (change: Partial<Grant> = {}): Grant => ({
  id: 'g',
  groups: ['engineers'],
  targets: { kind: 'names', names: ['shop'] },
  tools: ['sql_query'],
  effects: ['read', 'write'],
  mask: [],
  ...change,
})

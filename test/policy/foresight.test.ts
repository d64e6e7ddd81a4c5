import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { policyGuard } from '../../src/guards/index.ts'
import { ana, call, grant, guardOf, shop, tools } from './set.ts'

test('who has no grant may never; who has one may', () => {
  const guard = guardOf('', [grant({ targets: { kind: 'labels', labels: { env: 'prod' } } })])
  expect(guard.mayEver(ana, 'sql_query', shop)).toBe(true)
  expect(guard.mayEver({ ...ana, groups: ['x'] }, 'sql_query', shop)).toBe(false)
  expect(guard.mayEver(ana, 'sql_execute', shop)).toBe(false)
  expect(guard.mayEver(ana, 'sql_query', { ...shop, labels: { env: 'dev' } })).toBe(false)
  expect(guard.mayEver(ana, 'sql_query', { ...shop, kind: 'ssh' })).toBe(false)
  expect(guard.mayEver(ana, 'nope', shop)).toBe(false)
})

test('effects beyond the tool’s ceiling are no reason to show it', () => {
  const guard = guardOf('', [grant({ effects: ['write'] })])
  expect(guard.mayEver(ana, 'sql_query', shop)).toBe(false)
})

test('modes tell what could come of each effect', () => {
  const approval = { groups: ['dba'], quorum: 1, withinMs: 60_000, self: false }
  const guard = guardOf(
    '@id("no-admin") forbid (principal, action, resource) when { context.effect == "admin" };',
    [
      grant({ id: 'r', tools: ['sql_execute'], effects: ['read'] }),
      grant({ id: 'w', tools: ['sql_execute'], effects: ['write', 'admin'], approval }),
    ],
  )
  expect(guard.modes(ana, 'sql_execute', shop)).toEqual({ read: 'allow', write: 'hold' })
  const held = guardOf('@id("h") @approvers("x") forbid (principal, action, resource);', [grant()])
  expect(held.modes(ana, 'sql_query', shop)).toEqual({ read: 'hold' })
})

test('a forbid that looks at facts does not hide a tool, one that never lets anything by does', () => {
  const some =
    '@id("f") forbid (principal, action == Action::"sql_query", resource) when { context.tables.contains("x") };'
  expect(guardOf(some, [grant()]).mayEver(ana, 'sql_query', shop)).toBe(true)
  const all =
    '@id("f") forbid (principal, action, resource) unless { principal in Group::"admins" };'
  expect(guardOf(all, [grant()]).mayEver(ana, 'sql_query', shop)).toBe(false)
})

// Conditions of every form that matters: facts, labels, groups, time, whole-context, negations.
const conditions = [
  'context.effect == "read"',
  'context.effect != "read"',
  'context.tables.contains("a")',
  '!context.tables.contains("a")',
  'context.has_where',
  'context.statements > 1',
  'context has time && context.has_where',
  'context.time.toTime() < duration("12h")',
  'resource.hasTag("env") && resource.getTag("env") == "prod"',
  '!resource.hasTag("env")',
  'principal in Group::"a"',
  'principal.sub == "ana" || context.has_where',
  'if context.has_where then principal in Group::"b" else resource.name == "shop"',
  'context.effect == "write" && (principal in [Group::"a", Group::"b"] || context.statements == 2)',
  'context.statements * 9223372036854775807 == 7 || true',
  '(if principal in Group::"a" then context.effect else context.kind) == "read"',
]
const policy = fc.record({
  effect: fc.constantFrom('permit', 'permit', 'permit', 'forbid'),
  approvers: fc.boolean(),
  principal: fc.constantFrom(
    'principal',
    'principal in Group::"a"',
    'principal in Group::"b"',
    'principal == User::"i|ana"',
    'principal == User::"i|bo"',
    'principal is User in Group::"a"',
  ),
  action: fc.constantFrom(
    'action in [Action::"sql_query", Action::"sql_execute"]',
    'action == Action::"sql_query"',
    'action in [Action::"sql_execute"]',
  ),
  resource: fc.constantFrom(
    'resource',
    'resource == Target::"shop"',
    'resource == Target::"other"',
    'resource is Target',
  ),
  clauses: fc.array(fc.tuple(fc.constantFrom('when', 'unless'), fc.constantFrom(...conditions)), {
    maxLength: 3,
  }),
})
const asked = fc.record({
  effect: fc.constantFrom('read', 'write', 'admin'),
  sub: fc.constantFrom('ana', 'bo'),
  groups: fc.subarray(['a', 'b', 'c']),
  tool: fc.constantFrom('sql_query', 'sql_execute'),
  target: fc.constantFrom('shop', 'other'),
  env: fc.constantFrom('prod', 'dev', undefined),
  tables: fc.subarray(['a', 'b']),
  has_where: fc.boolean(),
  statements: fc.constantFrom(1, 2),
  hour: fc.constantFrom('09', '20'),
})

type Made<T> = T extends fc.Arbitrary<infer V> ? V : never
const textOf = (one: Made<typeof policy>, at: number): string =>
  `@id("p${at}") ${one.approvers ? '@approvers("x")' : ''} ${one.effect} (${one.principal}, ${one.action}, ${one.resource}) ${one.clauses.map(([kind, body]) => `${kind} { ${body} }`).join(' ')};`

const asCall = ({ effect, groups, tool, target, env, hour, sub, ...policy }: Made<typeof asked>) =>
  call({
    caller: { iss: 'i', sub, client: '', groups },
    tool,
    target: { name: target, kind: 'postgres', labels: env === undefined ? {} : { env } },
    // A tool never finds more than its ceiling says.
    effect: tool === 'sql_query' ? 'read' : effect,
    at: new Date(`2026-01-01T${hour}:00:00Z`),
    policy,
  })

/** Cedar asked plainly: all policies, the whole context, every group. The reasons of the answer, or what erred. */
const plainly = (
  policies: Readonly<Record<string, string>>,
  asked: ReturnType<typeof call>,
): string => {
  const { iss, sub, client, groups } = asked.caller
  const principal = { type: 'User', id: `${iss}|${sub}` }
  const resource = { type: 'Target', id: asked.target.name }
  const context = { ...asked.facts.policy, effect: asked.facts.effect }
  const answer = isAuthorized({
    principal,
    action: { type: 'Action', id: asked.tool },
    resource,
    context: {
      ...Object.fromEntries(
        Object.entries(context).map(([key, value]) => [
          key,
          typeof value === 'object' ? [...value] : value,
        ]),
      ),
      time: { __extn: { fn: 'datetime', arg: asked.at.toISOString() } },
    },
    policies: { staticPolicies: { ...policies } },
    entities: [
      {
        uid: principal,
        attrs: { iss, sub, client },
        parents: groups.map((id) => ({ type: 'Group', id })),
      },
      {
        uid: resource,
        attrs: { name: asked.target.name, kind: asked.target.kind },
        parents: [],
        tags: { ...asked.target.labels },
      },
    ],
  })
  if (answer.type === 'failure') return 'failure'
  const { decision, diagnostics } = answer.response
  if (diagnostics.errors.length > 0)
    return `deny ${diagnostics.errors.map(({ policyId }) => policyId).sort()}`
  return `${decision} ${[...diagnostics.reason].sort()}`
}

test('slices and narrowed requests change no decision', () => {
  fc.assert(
    fc.property(
      fc.array(policy, { minLength: 1, maxLength: 6 }),
      fc.array(asked, { minLength: 6, maxLength: 6 }),
      (policies, calls) => {
        const texts = Object.fromEntries(
          policies.map((one, at) => [`p${at}`, textOf({ ...one, approvers: false }, at)]),
        )
        const guard = policyGuard({
          tools,
          grants: [],
          files: [{ file: 'p', text: Object.values(texts).join('\n') }],
        })
        for (const one of calls) {
          const full = asCall(one)
          const verdict = guard.judge(full)
          expect(`${verdict.kind} ${verdict.rules}`).toBe(plainly(texts, full))
        }
      },
    ),
    { numRuns: 150, seed: 11 },
  )
})

test('nothing that is ever permitted was foreseen as impossible, in any slice', () => {
  let permitted = 0
  fc.assert(
    fc.property(
      fc.array(policy, { minLength: 1, maxLength: 5 }),
      fc.array(asked, { minLength: 8, maxLength: 8 }),
      (policies, calls) => {
        const guard = policyGuard({
          tools,
          grants: [],
          files: [{ file: 'p', text: policies.map(textOf).join('\n') }],
        })
        for (const one of calls) {
          const full = asCall(one)
          const { caller, tool, target: resource } = full
          const verdict = guard.judge(full)
          if (verdict.kind === 'deny') continue
          permitted += 1
          expect(guard.mayEver(caller, tool, resource)).toBe(true)
          expect(guard.modes(caller, tool, resource)).toHaveProperty(full.facts.effect)
        }
      },
    ),
    { numRuns: 150, seed: 7 },
  )
  expect(permitted).toBeGreaterThan(100)
})

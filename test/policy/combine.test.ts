import { expect, test } from 'vitest'
import { call, grant, guardOf, said } from './set.ts'

const permit = '@id("p") permit (principal, action, resource);'
const asks = '@id("asks") @approvers("dba") permit (principal, action, resource);'
const asksToo = '@id("asks-too") @approvers("sre") permit (principal, action, resource);'
const stop = '@id("stop") forbid (principal, action, resource);'
const holds = '@id("holds") @approvers("lead") forbid (principal, action, resource);'

test('nothing permits: denied', () => {
  expect(said('')).toBe('deny')
  expect(said('@id("x") permit (principal in Group::"others", action, resource);')).toBe('deny')
})
test('a plain permit allows', () => expect(said(permit)).toBe('allow p'))
test('only permits with approvers: held, and their needs add up', () => {
  expect(said(asks)).toBe('hold asks needs dba')
  expect(said(asks + asksToo)).toBe('hold asks,asks-too needs dba+sre')
})
test('a plain permit beside one with approvers: allowed', () =>
  expect(said(asks + permit)).toBe('allow asks,p'))
test('a forbid is final, whatever permits or would ask', () => {
  expect(said(permit + stop)).toBe('deny stop')
  expect(said(asks + holds + stop + permit)).toBe('deny stop')
})
test('a forbid with approvers holds what is otherwise allowed', () =>
  expect(said(permit + holds)).toBe('hold holds,p needs lead'))
test('a forbid with approvers over permits with approvers: all needs', () =>
  expect(said(asks + holds)).toBe('hold asks,holds needs lead+dba'))
test('a forbid with approvers permits nothing by itself', () => expect(said(holds)).toBe('deny'))
test('several forbids with approvers add up', () =>
  expect(
    said(`${permit}${holds}${holds.replace('"holds"', '"more"').replace('lead', 'cto')}`),
  ).toBe('hold holds,more,p needs lead+cto'))
test('mask profiles unite over all that hold', () => {
  const masked = (id: string, masks: string, rest = ''): string =>
    `@id("${id}") @mask("${masks}") ${rest} permit (principal, action, resource);`
  expect(said(permit + masked('m', 'pii'))).toBe('allow m,p masks pii')
  expect(said(masked('a', 'pii, names') + masked('b', 'cards,pii'))).toBe(
    'allow a,b masks cards+names+pii',
  )
  expect(
    said(masked('a', 'pii', '@approvers("dba")') + holds.replace('@app', '@mask("x") @app')),
  ).toBe('hold a,holds needs lead+dba masks pii+x')
})
test('shadow policies are recorded and decide nothing', () => {
  const shadow = (effect: string, id: string): string =>
    `@id("${id}") @shadow ${effect} (principal, action, resource);`
  expect(said(shadow('permit', 's'))).toBe('deny')
  const guard = guardOf(permit + shadow('forbid', 's') + shadow('permit', 't'))
  expect(guard.judge(call())).toMatchObject({ kind: 'allow', record: { shadow: ['t', 's'] } })
})
test('a shadow policy that errs decides nothing and is recorded as erring', () => {
  const errs =
    '@id("s") @shadow forbid (principal, action == Action::"sql_query", resource) when { context.statements * 9223372036854775807 > 3 };'
  const verdict = guardOf(permit + errs).judge(call({ policy: { statements: 2 } }))
  expect(verdict).toMatchObject({ kind: 'allow', record: { shadow: ['s:error'] } })
})
test('needs carry groups, quorum, time and self', () => {
  const text =
    '@id("n") @approvers("dba, sre") @quorum("2") @within("30m") @self permit (principal, action, resource);'
  expect(guardOf(text).judge(call())).toMatchObject({
    needs: [{ groups: ['dba', 'sre'], quorum: 2, withinMs: 1_800_000, self: true }],
  })
  expect(guardOf(asks).judge(call())).toMatchObject({
    needs: [{ groups: ['dba'], quorum: 1, withinMs: 900_000, self: false }],
  })
})

test('a grant is a policy of its id: groups, targets, tools and effects each count', () => {
  const judged = (change: Parameters<typeof grant>[0], asked = call()) =>
    guardOf('', [grant(change)]).judge(asked)
  expect(judged({})).toMatchObject({ kind: 'allow', rules: ['g'] })
  expect(judged({ groups: ['a', 'engineers'] })).toMatchObject({ kind: 'allow' })
  expect(judged({ groups: ['Engineers'] })).toMatchObject({ kind: 'deny' })
  expect(judged({ groups: ['engineers '] })).toMatchObject({ kind: 'deny' })
  expect(judged({ targets: { kind: 'names', names: ['other'] } })).toMatchObject({ kind: 'deny' })
  expect(judged({ targets: { kind: 'names', names: ['other', 'shop'] } })).toMatchObject({
    kind: 'allow',
  })
  expect(judged({ targets: { kind: 'labels', labels: { env: 'prod' } } })).toMatchObject({
    kind: 'allow',
  })
  expect(judged({ targets: { kind: 'labels', labels: { env: 'dev' } } })).toMatchObject({
    kind: 'deny',
  })
  expect(judged({ targets: { kind: 'labels', labels: { env: 'prod', team: 'x' } } })).toMatchObject(
    { kind: 'deny' },
  )
  expect(judged({ tools: ['sql_execute'] })).toMatchObject({ kind: 'deny' })
  expect(judged({}, call({ effect: 'admin' }))).toMatchObject({
    kind: 'deny',
    hint: expect.stringContaining('read'),
  })
  expect(judged({ effects: ['admin'] })).toMatchObject({ kind: 'deny' })
  expect(
    judged({
      approval: { groups: ['CN=dba,OU=x', 'b'], quorum: 2, withinMs: 90_000, self: true },
      mask: ['pii'],
    }),
  ).toMatchObject({
    kind: 'hold',
    masking: ['pii'],
    needs: [{ groups: ['CN=dba,OU=x', 'b'], quorum: 2, withinMs: 90_000, self: true }],
  })
})

test('grants and files are one set: a file forbids what a grant permits', () => {
  const text =
    '@id("no-secrets") forbid (principal, action in [Action::"sql_query", Action::"sql_execute"], resource) when { context.tables.contains("public.secrets") };'
  const guard = guardOf(text, [grant()])
  expect(guard.judge(call())).toMatchObject({ kind: 'allow' })
  expect(
    guard.judge(call({ policy: { tables: ['public.orders', 'public.secrets'] } })),
  ).toMatchObject({
    kind: 'deny',
    rules: ['no-secrets'],
    reason: expect.stringContaining('no-secrets'),
  })
})

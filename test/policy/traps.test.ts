import { describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { decideRecorded, policyGuard, refuseEmptyPolicies } from '../../src/guards/index.ts'
import { cedarString } from '../../src/guards/policy/grants.ts'
import { ana, call, grant, guardOf, said, shop, tools } from './set.ts'

const permit = '@id("p") permit (principal, action, resource);'
// Overflows for statements > 1: validates, and errs only when it is evaluated.
const erring = (effect: string): string =>
  `@id("errs") ${effect} (principal, action == Action::"sql_query", resource) when { context.statements * 9223372036854775807 == 7 };`

test('a policy file that was emptied, or cut before its first policy, does not forbid nothing: it stops the start', () => {
  const file = (text: string) => [
    { file: 'whole.cedar', text: permit },
    { file: 'cut.cedar', text },
  ]
  for (const text of ['', ' \n', '// Nobody writes.\n', '// one\n\n  // two'])
    expect(() => refuseEmptyPolicies(file(text))).toThrow('cut.cedar:1: holds no policy')
  expect(() => refuseEmptyPolicies(file(`// see https://x\n${permit}`))).not.toThrow()
})

describe('what can’t be evaluated is denied', () => {
  test('a forbid that errs does not pass by', () => {
    expect(said(permit + erring('forbid'), call({ policy: { statements: 2 } }))).toBe('deny errs')
    expect(said(permit + erring('forbid'), call({ policy: { statements: 1 } }))).toBe('allow p')
  })
  test('a permit that errs denies also beside one that holds', () =>
    expect(said(permit + erring('permit'), call({ policy: { statements: 2 } }))).toBe('deny errs'))
  test('a forbid with approvers that errs', () =>
    expect(
      said(permit + erring('@approvers("x") forbid'), call({ policy: { statements: 2 } })),
    ).toBe('deny errs'))

  const odd: readonly (readonly [string, unknown])[] = [
    ['a fraction', 1.5],
    ['null', null],
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['past what is exact', 2 ** 53],
    ['a text', '1'],
    ['an object', { __entity: { type: 'Group', id: 'x' } }],
  ]
  test.each(odd)('a number that is %s', (_, value) => {
    // The point is what types forbid and a parser could still make.
    expect(said(permit, call({ policy: { statements: value as number } }))).toBe('deny')
  })
  test('lists and texts of other kinds', () => {
    expect(said(permit, call({ policy: { tables: ['a', null as unknown as string] } }))).toBe(
      'deny',
    )
    expect(said(permit, call({ policy: { tables: 'a' } }))).toBe('deny')
    expect(said(permit, call({ policy: { has_where: 'true' } }))).toBe('deny')
    expect(said(permit, call({ policy: { kind: '\ud800' } }))).toBe('deny')
    expect(said(permit, call({ effect: 'all' as 'read' }))).toBe('deny')
  })
  test('a fact that is missing, and one that nobody declared', () => {
    const asked = call()
    const { tables: _, ...rest } = asked.facts.policy
    expect(
      guardOf(permit).judge({ ...asked, facts: { effect: 'read', policy: rest } }),
    ).toMatchObject({ kind: 'deny' })
    expect(said(permit, call({ policy: { extra: 'x' } }))).toBe('deny')
  })
  test('an unknown tool, a tool of another kind of target', () => {
    expect(said(permit, call({ tool: 'sql_qery' }))).toBe('deny')
    expect(said(permit, call({ tool: 'ssh_run' }))).toBe('deny')
    const right = { effect: 'read', policy: { programs: ['ls'] } } as const
    const ssh = { ...call({ tool: 'ssh_run' }), facts: right }
    expect(guardOf(permit).judge({ ...ssh, target: { ...shop, kind: 'ssh' } })).toMatchObject({
      kind: 'allow',
    })
    expect(guardOf(permit).judge(ssh)).toMatchObject({ kind: 'deny' })
  })
  test('a getter that throws', () => {
    const target = {
      ...shop,
      get labels(): Record<string, string> {
        throw new Error('x')
      },
    }
    expect(guardOf(permit).judge(call({ target }))).toMatchObject({ kind: 'deny' })
  })
})

describe('names', () => {
  test('a group spelled differently is another group', () => {
    const text = '@id("p") permit (principal in Group::"caf\u00e9", action, resource);'
    const by = (group: string) => said(text, call({ caller: { ...ana, groups: [group] } }))
    expect(by('caf\u00e9')).toBe('allow p')
    expect(by('cafe\u0301')).toBe('deny')
    expect(by('CAF\u00c9')).toBe('deny')
    expect(by('caf\u00e9 ')).toBe('deny')
  })
  test('two issuers’ anas are two people', () => {
    const text =
      '@id("p") permit (principal == User::"https://login.example.com|ana", action, resource);'
    expect(said(text)).toBe('allow p')
    expect(said(text, call({ caller: { ...ana, iss: 'https://evil.example' } }))).toBe('deny')
    expect(
      said(text, call({ caller: { ...ana, iss: 'https://login.example.com|ana', sub: '' } })),
    ).toBe('deny')
    const split = '@id("p") permit (principal == User::"a|b|c", action, resource);'
    expect(said(split, call({ caller: { ...ana, iss: 'a', sub: 'b|c' } }))).toBe('allow p')
    expect(said(split, call({ caller: { ...ana, iss: 'a|b', sub: 'c' } }))).toBe('deny')
  })
  const odd = [
    'a b',
    '"',
    '\\',
    "'",
    '\n',
    '\u0000',
    '__proto__',
    'constructor',
    '\u202e',
    '😀',
    '"); permit(principal, action, resource); //',
    '0',
    '{}',
    '*',
  ]
  test.each(odd)('ids, groups and labels of odd characters: %j', (text) => {
    const id = text.replace(/[\u0000-\u001f]/g, '?')
    const made = grant({ id, groups: [text], targets: { kind: 'labels', labels: { env: text } } })
    const guard = policyGuard({
      tools,
      grants: [made, grant({ id: 'other', groups: ['zz'] })],
      files: [],
    })
    const labelled = { ...shop, labels: { env: text } }
    const caller = { ...ana, groups: [text] }
    expect(guard.judge(call({ caller, target: labelled }))).toMatchObject({
      kind: 'allow',
      rules: [id],
    })
    expect(guard.judge(call({ target: labelled }))).toMatchObject({ kind: 'deny' })
    expect(guard.judge(call({ caller }))).toMatchObject({ kind: 'deny' })
  })
  test('a literal holds any text', () => {
    expect(cedarString('a"\\\n\u202eé😀')).toBe('"a\\"\\\\\\u{a}\\u{202e}\\u{e9}\\u{1f600}"')
  })
})

describe('what a policy may not say stops the start, with file and line', () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ['no id', 'permit (principal, action, resource);', 'rules.cedar:1: needs an @id'],
    ['an id twice', `${permit}\n\n${permit}`, '@id("p") is taken by rules.cedar:1'],
    [
      'a misspelt annotation',
      `\n\n@id("a") @aprovers("dba")\npermit (principal, action, resource);`,
      'rules.cedar:3: @aprovers means nothing here',
    ],
    [
      'no group',
      '@id("a") @approvers("") permit (principal, action, resource);',
      '@approvers names no group',
    ],
    [
      'approvers without a value',
      '@id("a") @approvers permit (principal, action, resource);',
      '@approvers names no group',
    ],
    [
      'quorum alone',
      '@id("a") @quorum("2") permit (principal, action, resource);',
      '@quorum needs @approvers',
    ],
    [
      'self alone',
      '@id("a") @self permit (principal, action, resource);',
      '@self needs @approvers',
    ],
    [
      'quorum of none',
      '@id("a") @approvers("x") @quorum("0") permit (principal, action, resource);',
      '@quorum is a number',
    ],
    [
      'within of no unit',
      '@id("a") @approvers("x") @within("15") permit (principal, action, resource);',
      '@within is a duration',
    ],
    [
      'self of another value',
      '@id("a") @approvers("x") @self("yes") permit (principal, action, resource);',
      '@self takes',
    ],
    [
      'a mask on a forbid',
      '@id("a") @mask("x") forbid (principal, action, resource);',
      '@mask does nothing',
    ],
    [
      'shadow of a value',
      '@id("a") @shadow("false") forbid (principal, action, resource);',
      '@shadow takes no value',
    ],
    [
      'an annotation twice',
      '@id("a") @id("b") permit (principal, action, resource);',
      'duplicate annotation',
    ],
    ['no Cedar', '\npermit (principal, action\n resorce);', 'rules.cedar:3:'],
    ['a template', '@id("a") permit (principal == ?principal, action, resource);', 'is a template'],
    [
      'an unknown tool',
      '@id("a")\npermit (principal, action == Action::"sql_qery", resource);',
      'sql_qery',
    ],
    [
      'an unknown fact',
      '\n@id("a")\npermit (principal, action == Action::"sql_query", resource)\nwhen { context.tabels.contains("x") };',
      'rules.cedar:4: a: attribute `tabels`',
    ],
    [
      'a fact of another tool',
      '@id("a") permit (principal, action == Action::"ssh_run", resource) when { context.has_where };',
      'has_where',
    ],
    [
      'a fact of the wrong kind',
      '@id("a") permit (principal, action == Action::"sql_query", resource) when { context.tables == "x" };',
      'a: ',
    ],
    [
      'a tag that may be missing',
      '@id("a") permit (principal, action, resource) when { resource.getTag("env") == "prod" };',
      'a: ',
    ],
    [
      'an unknown target',
      '@id("a") forbid (principal, action, resource == Target::"shpo");',
      'names a target that is not configured: shpo; there are shop, other',
    ],
    [
      'an unknown target in a condition',
      '@id("a") forbid (principal, action, resource) when { resource in [Target::"shpo"] };',
      'names a target that is not configured: shpo',
    ],
    ['an unknown type', '@id("a") permit (principal in Team::"x", action, resource);', 'Team'],
  ]
  test.each(wrong)('%s', (_, text, message) => {
    const start = () => guardOf(text)
    expect(start).toThrow(GateError)
    expect(start).toThrow(message)
  })
  test('a grant with a tool that is none', () =>
    expect(() => guardOf('', [grant({ tools: ['nope'] })])).toThrow('grants (g)'))
  test('a grant of nothing', () => {
    expect(() => guardOf('', [grant({ effects: [] })])).toThrow(GateError)
    expect(() => guardOf('', [grant({ groups: [] })])).toThrow(GateError)
    expect(() => guardOf('', [grant({ targets: { kind: 'names', names: [] } })])).toThrow(GateError)
    expect(() => guardOf('', [grant({ tools: [] })])).toThrow(GateError)
  })
  test('all problems are told at once', () => {
    try {
      guardOf(
        `permit (principal, action, resource);\n@id("b") @quorum("2") permit (principal, action, resource);`,
      )
      expect.unreachable()
    } catch (error) {
      expect((error as GateError).message.split('\n')).toHaveLength(2)
    }
  })
})

describe('time, memory and the record', () => {
  const hours =
    '@id("hours") forbid (principal, action == Action::"sql_query", resource) when { context.time.toTime() >= duration("18h") };'
  test('a policy that looks at the time is asked each time; the others are remembered', () => {
    const guard = guardOf(permit + hours)
    const at = (hour: string) => guard.judge(call({ at: new Date(`2026-03-02T${hour}:00:00Z`) }))
    expect(at('10')).toMatchObject({ kind: 'allow' })
    expect(at('19')).toMatchObject({ kind: 'deny', rules: ['hours'] })
    expect(at('10')).toMatchObject({ kind: 'allow' })
    const execute = call({ tool: 'sql_execute' })
    const first = guard.judge(execute)
    expect(guard.judge(call({ tool: 'sql_execute' }))).toBe(first)
    expect(first.record?.request).not.toContain('time')
    expect(at('10').record?.request).toContain('2026-03-02T10:00:00.000Z')
  })
  test('remembered by everything that is judged', () => {
    const text =
      '@id("p") permit (principal in Group::"engineers", action, resource) when { context.effect == "read" && resource.hasTag("env") && resource.getTag("env") == "prod" };'
    const guard = guardOf(text)
    expect(guard.judge(call())).toMatchObject({ kind: 'allow' })
    expect(guard.judge(call({ effect: 'write' }))).toMatchObject({ kind: 'deny' })
    expect(guard.judge(call({ caller: { ...ana, groups: [] } }))).toMatchObject({ kind: 'deny' })
    expect(guard.judge(call({ target: { ...shop, labels: { env: 'dev' } } }))).toMatchObject({
      kind: 'deny',
    })
    expect(guard.judge(call())).toMatchObject({ kind: 'allow' })
  })
  test('a recorded decision comes out the same from the texts alone', () => {
    const stop =
      '@id("stop") forbid (principal, action == Action::"sql_query", resource) when { context.tables.contains("é\\"s") };'
    const guard = guardOf(permit + hours + stop, [
      grant({ id: 'g', approval: { groups: ['a,b'], quorum: 1, withinMs: 60_000, self: false } }),
    ])
    for (const asked of [
      call(),
      call({ policy: { tables: ['é"s'] } }),
      call({ at: new Date('2026-01-01T20:00:00Z') }),
    ]) {
      const verdict = guard.judge(asked)
      const request = verdict.record?.request ?? ''
      expect(decideRecorded(guard.texts.policies, guard.texts.schema, request)).toEqual({
        decision: verdict.kind,
        rules: verdict.rules,
      })
      expect(guard.redecide(request)).toEqual({ decision: verdict.kind, rules: verdict.rules })
    }
    expect(() => guard.redecide('{"action":"x"}')).toThrow()
    expect(() => decideRecorded('[1]', guard.texts.schema, '{}')).toThrow()
  })
  test('the record names set, schema and engine, and the request is canonical', () => {
    const guard = guardOf(permit)
    const asked = call({
      caller: { ...ana, groups: ['b', 'a', 'b'] },
      policy: { tables: ['z', 'a'] },
    })
    expect(guard.judge(asked).record).toEqual({
      set: guard.set,
      schema: guard.schema,
      engine: 'cedar-wasm 4.13.0',
      request:
        '{"action":"sql_query","context":{"effect":"read","has_where":true,"kind":"select","statements":1,"tables":["a","z"]},"principal":{"client":"editor","groups":["a","b"],"iss":"https://login.example.com","sub":"ana"},"resource":{"kind":"postgres","labels":{"env":"prod"},"name":"shop"}}',
    })
    expect(guardOf(`${permit} `).set).toBe(guard.set)
    expect(guardOf(erring('permit')).set).not.toBe(guard.set)
  })
})

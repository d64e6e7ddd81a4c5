import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { register as registerCheck } from '../../src/cli/check.ts'
import { report } from '../../src/cli/common.ts'
import { register as registerPolicy } from '../../src/cli/policy.ts'
import type { PolicyWiring } from '../../src/cli/policy-wiring.ts'
import { GateError } from '../../src/errors.ts'
import type { Tool } from '../../src/types.ts'

/** A tool whose facts are its input; `select` needs the catalogue, `bad` is refused. */
const fake = (name: string, ceiling: Tool['ceiling']): Tool => ({
  name,
  title: name,
  description: name,
  kind: 'postgres',
  input: z.strictObject({ target: z.string(), sql: z.string(), reason: z.string().optional() }),
  output: {},
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { tables: 'strings' },
  ceiling,
  facts: async (given, look) => {
    const { sql } = z.object({ sql: z.string() }).parse(given)
    if (sql === 'bad')
      throw new GateError('INPUT_REFUSED', 'This is no statement.', { hint: 'Write one.' })
    if (sql === 'select') await look.catalogue()
    return {
      effect: sql.startsWith('update') ? 'write' : 'read',
      policy: { tables: [sql.split(' ')[1] ?? ''] },
      names: {},
    }
  },
  credential: () => 'read',
  run: async () => {
    throw new Error('nothing runs')
  },
})
const tools = [fake('sql_query', 'read'), fake('sql_execute', 'admin')]
const wire = async (): Promise<PolicyWiring> => ({ tools })

let folder: string
let out: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'))
  mkdirSync(join(folder, 'policies'))
  for (const key of ['vault.key', 'token.key', 'cred'])
    writeFileSync(join(folder, key), 'x', { mode: 0o600 })
  config('')
  out = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  rmSync(folder, { recursive: true })
})

const config = (rest: string, policies?: string): void => {
  writeFileSync(join(folder, 'policies', 'a.cedar'), policies ?? '')
  writeFileSync(
    join(folder, 'countersign.yaml'),
    `identity: { local: { subject: ana, groups: [engineers] }, approvers: [{ subject: bo, groups: [dba], passphrase: "scrypt:131072:8:1:${'a'.repeat(22)}:${'b'.repeat(43)}" }] }
credentials: { r: file:./cred }
targets: { shop: { kind: postgres, labels: { env: prod }, host: db, database: shop, credentials: { read: r } } }
${policies === undefined ? '# no policies' : 'policies: ./policies'}
grants:
  - { id: read, groups: [engineers], targets: { env: prod }, tools: [sql_query, sql_execute], effects: [read] }
  - { id: write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write], approval: { by: [dba], within: 5m } }
${rest}`,
    { mode: 0o600 },
  )
}

/** Runs a command and gives its exit code, as the process would. */
const run = async (...words: string[]): Promise<number> => {
  process.exitCode = undefined
  out = ''
  const program = new Command().option('--config <file>').option('--json').exitOverride()
  program.configureOutput({ writeErr: () => undefined })
  registerCheck(program, wire)
  registerPolicy(program, wire)
  try {
    await program.parseAsync(['--config', join(folder, 'countersign.yaml'), ...words], {
      from: 'user',
    })
  } catch (thrown) {
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      out += String(text)
      return true
    })
    return thrown instanceof Error && 'exitCode' in thrown
      ? 64
      : report(thrown, words.includes('--json'))
  }
  return Number(process.exitCode ?? 0)
}
const answer = () => JSON.parse(out)

test('check: a right configuration', async () => {
  expect(await run('check')).toBe(0)
  expect(out).toContain('is fine')
  expect(await run('check', '--json')).toBe(0)
  expect(answer()).toMatchObject({ ok: true, problems: [], warnings: [] })
})
test('check: a wrong key, with its place', async () => {
  config('sever: {}\n')
  expect(await run('check', '--json')).toBe(1)
  expect(answer()).toMatchObject({
    ok: false,
    problems: [{ line: 8, key: 'sever', message: expect.stringContaining('did you mean server?') }],
  })
})
test('check: a wrong policy, with its place', async () => {
  config('', '@id("a")\npermit (principal, action == Action::"nope", resource);')
  expect(await run('check', '--json')).toBe(1)
  expect(answer().problems[0]).toMatchObject({ file: join(folder, 'policies', 'a.cedar'), line: 2 })
})
test('check: a policy file that holds none is refused, as the start refuses it', async () => {
  config('', '// forbids nothing any more\n')
  expect(await run('check', '--json')).toBe(1)
  expect(answer().problems[0]).toMatchObject({
    file: join(folder, 'policies', 'a.cedar'),
    line: 1,
    message: expect.stringContaining('holds no policy'),
  })
})
test('check: a secret that is not there, an approval that nobody could give', async () => {
  rmSync(join(folder, 'cred'))
  expect(await run('check')).toBe(1)
  expect(out).toContain(':2: credentials.r: ')
  expect(out).toContain('countersign.yaml is not right: 1 to mend')
  writeFileSync(join(folder, 'cred'), 'x', { mode: 0o600 })
  config(
    '  - { id: more, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [admin], approval: { by: [cto] } }\n',
  )
  expect(await run('check')).toBe(0)
  expect(out).toContain('warning: more: needs 1 of cto')
})
test('check: what can’t be checked, and what makes no sense', async () => {
  rmSync(join(folder, 'countersign.yaml'))
  expect(await run('check')).toBe(2)
  expect(await run('check', '--nope')).toBe(64)
})
test('check --schema prints the schema', async () => {
  expect(await run('check', '--schema')).toBe(0)
  expect(answer()).toHaveProperty('properties.server')
})

const explainOne = (tool: string, sql: string, ...rest: string[]) =>
  run(
    'policy',
    'explain',
    '--json',
    '--tool',
    tool,
    '--target',
    'shop',
    '--input',
    JSON.stringify({ sql }),
    ...rest,
  )

test('explain: allowed, held, denied, refused', async () => {
  expect(await explainOne('sql_query', 'x orders')).toBe(0)
  expect(answer()).toMatchObject({
    verdict: 'allow',
    effect: 'read',
    rules: ['read'],
    code: null,
    facts: { tables: ['orders'] },
  })
  expect(await explainOne('sql_execute', 'update orders')).toBe(0)
  expect(answer()).toMatchObject({
    verdict: 'hold',
    effect: 'write',
    rules: ['write'],
    needs: [{ groups: ['dba'], withinMs: 300_000 }],
  })
  expect(await explainOne('sql_query', 'update orders')).toBe(1)
  expect(answer()).toMatchObject({
    verdict: 'deny',
    effect: 'write',
    rules: [],
    code: 'NOT_ALLOWED',
  })
  expect(await explainOne('sql_query', 'bad')).toBe(1)
  expect(answer()).toMatchObject({
    verdict: 'deny',
    effect: null,
    code: 'INPUT_REFUSED',
    hint: 'Write one.',
  })
  expect(await explainOne('sql_query', 'x orders', '--group', 'others')).toBe(1)
  expect(answer()).toMatchObject({ verdict: 'deny', code: 'TARGET_UNKNOWN' })
  expect(
    await run(
      'policy',
      'explain',
      '--tool',
      'sql_query',
      '--target',
      'shop',
      '--input',
      '{"sql":"x orders"}',
    ),
  ).toBe(0)
  expect(out).toContain('allow: sql_query on shop, a read')
})
test('explain: facts that need the target, facts that are given', async () => {
  expect(await explainOne('sql_query', 'select')).toBe(2)
  expect(out).toContain('TARGET_UNREACHABLE')
  expect(
    await explainOne(
      'sql_query',
      'select',
      '--facts',
      '{"effect":"read","policy":{"tables":["t"]}}',
    ),
  ).toBe(0)
  expect(
    await explainOne(
      'sql_query',
      'select',
      '--facts',
      '{"effect":"read","policy":{"tables":[1.5]}}',
    ),
  ).toBe(64)
  expect(await explainOne('sql_query', 'select', '--facts', '{"effect":"read","policy":{}}')).toBe(
    1,
  )
})
test('explain: usage', async () => {
  expect(await run('policy', 'explain')).toBe(64)
  expect(
    await run('policy', 'explain', '--tool', 'sql_query', '--target', 'shop', '--input', 'x'),
  ).toBe(64)
  expect(await run('policy', 'explain', '--at', 'noon')).toBe(64)
})
test('explain --batch: a line for each line, in order', async () => {
  const file = join(folder, 'calls.ndjson')
  const lines = [
    {
      id: 'a',
      tool: 'sql_query',
      target: 'shop',
      groups: ['engineers'],
      input: { sql: 'x orders' },
    },
    {
      id: 2,
      tool: 'sql_execute',
      target: 'shop',
      groups: ['engineers'],
      input: { sql: 'update orders' },
    },
    { id: 'c', tool: 'sql_query', target: 'nope', groups: ['engineers'], input: { sql: 'x' } },
    { id: 'd', tool: 'sql_query', target: 'shop', groups: [], input: { sql: 'x' } },
    {
      id: 'e',
      tool: 'sql_query',
      target: 'shop',
      groups: ['engineers'],
      input: { sql: 'x', extra: 1 },
    },
  ]
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  expect(await run('policy', 'explain', '--batch', file)).toBe(0)
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { id: 'a', verdict: 'allow', effect: 'read', rules: ['read'], code: null },
    { id: 2, verdict: 'hold', effect: 'write', rules: ['write'], code: null },
    { id: 'c', verdict: 'deny', effect: null, rules: [], code: 'TARGET_UNKNOWN' },
    { id: 'd', verdict: 'deny', effect: null, rules: [], code: 'TARGET_UNKNOWN' },
    { id: 'e', verdict: 'deny', effect: null, rules: [], code: 'INPUT_REFUSED' },
  ])
  writeFileSync(file, 'no json\n')
  expect(await run('policy', 'explain', '--batch', file)).toBe(2)
  expect(answer()).toMatchObject({ id: null, verdict: 'error' })
})
test('access: who may do what, by which rules', async () => {
  expect(await run('policy', 'access', '--json', '--group', 'engineers')).toBe(0)
  const cells = answer().access.map(
    ({ tool, effect, verdict, rules }: Record<string, unknown>) =>
      `${tool} ${effect} ${verdict} ${rules}`,
  )
  expect(cells).toEqual([
    'sql_query read allow read',
    'sql_execute read allow read',
    'sql_execute write hold write',
    'sql_execute admin deny ',
  ])
  expect(await run('policy', 'access')).toBe(0)
  expect(out).toMatch(/engineers +shop +sql_execute +write +hold +write/)
  expect(await run('policy', 'access', '--json', '--caller', 'bo')).toBe(0)
  expect(answer().access.every(({ verdict }: { verdict: string }) => verdict === 'deny')).toBe(true)
  expect(await run('policy', 'access', '--target', 'nope')).toBe(64)
})

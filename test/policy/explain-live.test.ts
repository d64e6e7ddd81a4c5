import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test, vi } from 'vitest'
import { register } from '../../src/cli/policy.ts'
import { testDatabase } from '../support/postgres.ts'

test('explain asks the database for what names mean, and runs nothing', async () => {
  const database = await testDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'live-'))
  const role = `reader_${database.name}`
  const said: string[] = []
  try {
    await database.admin.query(
      `create table orders (id int primary key, note text); create table secrets (v text);
       create role ${role} login password 'reader-password'; grant select on orders, secrets to ${role}`,
    )
    const { hostname, port } = new URL(database.url)
    writeFileSync(
      join(folder, 'reader'),
      JSON.stringify({ username: role, password: 'reader-password' }),
      { mode: 0o600 },
    )
    const config = join(folder, 'countersign.yaml')
    writeFileSync(
      config,
      `identity: { local: { subject: ana, groups: [engineers] } }
credentials: { reader: file:./reader }
targets:
  shop: { kind: postgres, host: ${hostname}, port: ${port}, database: ${database.name}, tls: disable, credentials: { read: reader }, denyTables: [secrets] }
grants:
  - { id: read, groups: [engineers], targets: [shop], tools: [sql_query, sql_execute], effects: [read] }
  - { id: write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write, admin], approval: { by: [dba] } }
`,
      { mode: 0o600 },
    )
    const asked = [
      ['select', 'sql_query', 'select count(*) from orders'],
      ['delete', 'sql_execute', 'delete from orders where id = 1'],
      ['drop', 'sql_execute', 'drop table orders'],
      ['denied', 'sql_query', 'select v from secrets'],
      ['typo', 'sql_query', 'select * from oders'],
      ['two', 'sql_query', 'select 1; select 2'],
    ]
    const lines = asked.map(([id, tool, sql]) =>
      JSON.stringify({ id, tool, target: 'shop', groups: ['engineers'], input: { sql } }),
    )
    writeFileSync(join(folder, 'calls'), lines.join('\n'))
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0)
    const program = new Command().option('--config <file>').option('--json')
    register(program)
    await program.parseAsync(
      ['--config', config, 'policy', 'explain', '--batch', join(folder, 'calls')],
      { from: 'user' },
    )
    vi.restoreAllMocks()
    const answers = said
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(answers).toMatchObject([
      { id: 'select', verdict: 'allow', effect: 'read', rules: ['read'], code: null },
      { id: 'delete', verdict: 'hold', effect: 'write', rules: ['write'], code: null },
      { id: 'drop', verdict: 'hold', effect: 'admin', rules: ['write'], code: null },
      { id: 'denied', verdict: 'deny', effect: null },
      { id: 'typo', verdict: 'deny', effect: null },
      { id: 'two', verdict: 'deny', effect: null },
    ])
    const { rows } = await database.admin.query(
      'select count(*)::int as n from pg_class where relname = $1',
      ['orders'],
    )
    expect(rows).toEqual([{ n: 1 }])
  } finally {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true })
    await database.admin.query(`drop owned by ${role}; drop role ${role}`).catch(() => undefined)
    await database.drop()
  }
})

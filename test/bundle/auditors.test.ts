/** docs/auditors.md: every query runs as the auditor and finds what happened; every column is named. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { entry, newId } from '../audit/support.ts'
import { urlFor } from '../support/postgres.ts'
import { type Evidence, makeEvidence } from './support.ts'

const page = readFileSync('docs/auditors.md', 'utf8')
const queries = [...page.matchAll(/### (.+?)\n[^#]*?```sql\n([\s\S]+?)```/g)].map(
  ([, question = '', sql = '']) => [question, sql] as const,
)
const user = `auditor_${randomBytes(4).toString('hex')}`
let made: Evidence
let auditor: pg.Pool

beforeAll(async () => {
  made = await makeEvidence()
  const { log, store } = made
  const callId = newId()
  const ana = { iss: 'https://idp', sub: 'ana', client: '', groups: ['dba'] }
  await log.append([
    entry('call.received', { callId, actor: ana, tool: 'sql_execute', target: 'shop' }),
    entry('approval.requested', {
      callId,
      actor: ana,
      tool: 'sql_execute',
      target: 'shop',
      effect: 'write',
    }),
    entry('approval.granted', { callId, actor: ana }),
  ])
  const running = newId()
  const [, intent] = await log.append([
    entry('call.received', { callId: running, tool: 'ssh_run', target: 'web' }),
    entry('call.intent', { callId: running, tool: 'ssh_run', target: 'web', effect: 'write' }),
  ])
  await log.append([
    entry('call.unknown', {
      callId: running,
      parent: intent?.leaf ?? '',
      outcome: { status: 'unknown', code: 'OUTCOME_UNKNOWN' },
    }),
    entry('pause.set', { detail: { scope: 'all' } }),
    entry('pause.lifted', { detail: { scope: 'all' } }),
    entry('access.viewed', { callId }),
    entry('export.moved', { detail: { payloads: 'clear' } }),
    entry('retention.erase', { detail: { by: 'request', events: [newId()] } }),
    entry('legal.hold', {
      callId,
      detail: { hold: newId(), action: 'set', of: [`call=${callId}`] },
    }),
    entry('policy.published', { detail: { user: 'root', changed: ['reads'] } }),
    entry('config.loaded', { detail: { user: 'root', changed: [] } }),
    entry('secret.set', { detail: { secret: 'shop' } }),
    entry('audit.refused', { detail: { 'wrong-passphrase': '3' } }),
    entry('stream.takeover', {}),
  ])
  // A Saturday, in the index that the views read.
  await store.admin.query(
    `update audit.event set header = jsonb_set(header, '{t_wall}', '"2026-11-21T10:00:00.000000Z"') where header ->> 'call_id' = $1`,
    [running],
  )
  await store.admin.query(`create role ${user} login password 'x' in role countersign_auditor`)
  auditor = new pg.Pool({ connectionString: urlFor(store.url, { user, password: 'x' }), max: 1 })
})
afterAll(async () => {
  await auditor?.end()
  await made?.drop()
})

test('the page has its queries', () => expect(queries.length).toBeGreaterThan(20))

test.each(queries)('%s', async (_, sql) => {
  const { rows } = await auditor.query(sql)
  expect(rows.length).toBeGreaterThan(0)
})

test('every column of every view is on the page', async () => {
  const { rows } = await auditor.query(
    `select c.relname as view, a.attname as name, col_description(c.oid, a.attnum) as words from pg_class c
     join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname = 'audit' and c.relkind = 'v' and a.attnum > 0 order by 1, a.attnum`,
  )
  expect(rows.length).toBeGreaterThan(60)
  for (const { name, view, words } of rows) {
    const section = page.split(`### \`audit.${view}\``)[1]?.split('\n### ')[0] ?? ''
    expect(section, `${view}.${name}`).toContain(`| \`${name}\` | ${words} |`)
  }
})

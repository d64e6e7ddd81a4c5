/** 44: a superuser's hands at the log. */
import { createHash } from 'node:crypto'
import type pg from 'pg'
import { attacked } from '../lib/copies.ts'
import { type Fault, verdict } from '../lib/fault.ts'
import { openWorld, warm } from '../lib/world.ts'

const leafOf = (jcs: Buffer): Buffer =>
  createHash('sha256').update(Buffer.of(0)).update(jcs).digest()

/** Writes a stream anew with one word of its `nth` event changed: every hash of it fits again. */
const rechain = async (client: pg.Client, stream: string, nth: number): Promise<void> => {
  const { rows } = await client.query<{ seq: string; header_jcs: Buffer; leaf: Buffer }>(
    'select seq::text, header_jcs, leaf from audit.event where stream_id = $1 order by seq',
    [stream],
  )
  const renamed = new Map<string, string>()
  for (const [at, { header_jcs, leaf, seq }] of rows.entries()) {
    let text = header_jcs.toString('utf8')
    if (at >= nth) {
      if (at === nth) text = text.replace(/"t_mono_ns":"\d/, '"t_mono_ns":"9')
      text = text.replaceAll(/"[0-9a-f]{64}"/g, (hash) => {
        const other = renamed.get(hash.slice(1, -1))
        return other === undefined ? hash : `"${other}"`
      })
    }
    const jcs = Buffer.from(text)
    const next = leafOf(jcs)
    renamed.set(leaf.toString('hex'), next.toString('hex'))
    await client.query(
      "update audit.event set header_jcs = $3, header = convert_from($3, 'UTF8')::jsonb, leaf = $4 where stream_id = $1 and seq = $2",
      [stream, seq, jcs, next],
    )
    await client.query('update audit.leaf set leaf = $3 where stream_id = $1 and seq = $2', [
      stream,
      seq,
      next,
    ])
    await client.query('update audit.stream set head = $2 where stream_id = $1', [stream, next])
  }
}

const RELEAF = `leaf = sha256('\\x00'::bytea || header_jcs)`

const superuser: Fault = {
  fault: 44,
  name: 'superuser edits, deletes, truncates, re-orders, re-chains',
  expected: 'the verifier exits 1 and names the record',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, cluster, gateway, history, note } = world
    await warm(world)
    for (let n = 0; n < 6; n++) await history.sql(gateway)
    await note()
    const judged = await world.judge()
    const { rows } = await admin.query<{ stream: string; seq: string; last: string; id: string }>(
      `select stream_id::text as stream, e.seq::text as seq, event_id::text as id,
         (select max(seq)::text from audit.event l where l.stream_id = e.stream_id) as last
       from audit.event e where type = 'call.result' order by e.seq limit 1 offset 4`,
    )
    const { id, last, seq, stream } = rows[0] ?? { id: '', last: '0', seq: '0', stream: '0' }
    await gateway.kill()
    const here = `stream_id = ${stream} and seq = ${seq}`
    const edit = `header_jcs = convert_to(replace(convert_from(header_jcs, 'UTF8'), '"status":"ok"', '"status":"no"'), 'UTF8')`
    const sql =
      (...texts: readonly string[]) =>
      async (client: pg.Client) => {
        for (const text of texts) {
          const { rowCount } = await client.query(text)
          if (rowCount === 0) throw new Error(`changed nothing: ${text}`)
        }
      }
    const attacks: Readonly<Record<string, (client: pg.Client) => Promise<unknown>>> = {
      nothing: async () => undefined,
      'a header': sql(`update audit.event set ${edit} where ${here}`),
      'a header and its index': sql(
        `update audit.event set ${edit} where ${here}`,
        `update audit.event set header = convert_from(header_jcs, 'UTF8')::jsonb where ${here}`,
      ),
      'a header and its leaf': sql(
        `update audit.event set ${edit} where ${here}`,
        `update audit.event set header = convert_from(header_jcs, 'UTF8')::jsonb, ${RELEAF} where ${here}`,
      ),
      'a header, its leaf and the tree': sql(
        `update audit.event set ${edit} where ${here}`,
        `update audit.event set header = convert_from(header_jcs, 'UTF8')::jsonb, ${RELEAF} where ${here}`,
        `update audit.leaf l set leaf = e.leaf from audit.event e where e.stream_id = l.stream_id and e.seq = l.seq and l.stream_id = ${stream} and l.seq = ${seq}`,
      ),
      'the index alone': sql(
        `update audit.event set header = header || '{"tool":"forged"}' where ${here}`,
      ),
      'another version of the format': sql(
        `update audit.event set header_jcs = convert_to(replace(convert_from(header_jcs, 'UTF8'), '"v":1', '"v":2'), 'UTF8') where ${here}`,
        `update audit.event set header = convert_from(header_jcs, 'UTF8')::jsonb, ${RELEAF} where ${here}`,
      ),
      'a payload': sql(
        `update audit.payload set ciphertext = set_byte(ciphertext, 3, (get_byte(ciphertext, 3) + 1) % 256) where event_id = '${id}'`,
      ),
      'a payload taken away': sql(`delete from audit.payload where event_id = '${id}'`),
      'an erasure that no event names': sql(
        `update audit.payload set ciphertext = null, nonce = null, erased_at = now(), erase_event = gen_random_uuid() where event_id = '${id}'`,
      ),
      'an event taken away': sql(`delete from audit.event where ${here}`),
      'an event taken away, also from the tree': sql(
        `delete from audit.event where ${here}`,
        `delete from audit.leaf where ${here}`,
      ),
      'two events exchanged': sql(
        `update audit.event set seq = -1 where ${here}`,
        `update audit.event set seq = ${seq} where stream_id = ${stream} and seq = ${Number(seq) + 1}`,
        `update audit.event set seq = ${Number(seq) + 1} where stream_id = ${stream} and seq = -1`,
      ),
      'the end dropped': sql(
        `delete from audit.event where stream_id = ${stream} and seq > ${Number(last) - 3}`,
        `update audit.stream set seq = ${Number(last) - 3}, head = (select leaf from audit.event e where e.stream_id = ${stream} and e.seq = ${Number(last) - 3}) where stream_id = ${stream}`,
      ),
      'the end dropped, also from the tree': sql(
        `delete from audit.event where stream_id = ${stream} and seq > ${Number(last) - 3}`,
        `delete from audit.leaf where stream_id = ${stream} and seq > ${Number(last) - 3}`,
        `update audit.stream set seq = ${Number(last) - 3}, head = (select leaf from audit.event e where e.stream_id = ${stream} and e.seq = ${Number(last) - 3}) where stream_id = ${stream}`,
      ),
      'all events truncated': (client) => client.query('truncate audit.event'),
      're-chained, checkpoints kept': (client) => rechain(client, stream, Number(seq) - 1),
      'a note changed': sql(
        `update audit.checkpoint set note = overlay(note placing 'AAAA' from length(note) - 40) where size = (select max(size) from audit.checkpoint)`,
      ),
    }
    const own: Record<string, boolean> = {}
    const said: string[] = []
    const named = /^(a header|the index|another version|a payload|an event|two events)/
    let at = 0
    for (const [name, attack] of Object.entries(attacks)) {
      const { exit, findings } = await attacked(cluster, `attacked_${at++}`, attack)
      if (name === 'nothing') {
        own[`untouched: exit 0, was ${exit}`] = exit === 0
        continue
      }
      own[`${name}: exit 1, was ${exit}`] = exit === 1
      const here = findings.some(
        (one) => String(one.stream) === stream && Math.abs(Number(one.seq) - Number(seq)) <= 1,
      )
      own[`${name}: says what, was ${findings[0]?.what}`] = findings.length > 0
      if (named.test(name)) own[`${name}: names event ${seq}`] = here
      said.push(`${name}: ${findings[0]?.what ?? 'nothing'}`)
    }
    return verdict(
      { ...judged.checks, ...own },
      `${said.length} attacks, ${Object.entries(own).filter(([name, held]) => held && name.includes('exit 1')).length} found: ${said.join('; ')}`,
    )
  },
}

export const faults: readonly Fault[] = [superuser]

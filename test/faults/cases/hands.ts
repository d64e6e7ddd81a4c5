/** 43 to 46: input that is no input, a superuser at the log, erasures that die, versions side by side. */
import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type pg from 'pg'
import { attacked } from '../lib/copies.ts'
import { type Fault, verdict } from '../lib/fault.ts'
import type { Gateway } from '../lib/gateway.ts'
import { openNotary } from '../lib/notary.ts'
import { openProxy } from '../lib/proxy.ts'
import { shared } from '../lib/shared.ts'
import { counted } from '../lib/tally.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, expire, openWorld, warm, warmth } from '../lib/world.ts'

/** Bytes as they are to `/mcp`; the status and the text, or how the connection ended. */
const raw = (
  gateway: Gateway,
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ came: string; text: string }> =>
  new Promise((done) => {
    const url = new URL(`${gateway.url}/mcp`)
    const call = request(url, {
      method: 'POST',
      timeout: 30_000,
      headers: {
        authorization: `Bearer ${gateway.token()}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': '2025-06-18',
        'content-length': String(body.length),
        ...headers,
      },
    })
    call.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', () => done({ came: 'cut', text: '' }))
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8')
        const code =
          /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? /"error":\{"code":(-\d+)/.exec(text)?.[1]
        const came = code ?? (response.statusCode === 200 ? 'ok' : `HTTP ${response.statusCode}`)
        done({ came, text })
      })
    })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', (thrown) => done({ came: thrown.message.slice(0, 20), text: '' }))
    call.end(body)
  })

const bodyOf = (args: string, tool = '"sql_query"'): Buffer =>
  Buffer.from(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${tool},"arguments":${args}}}`,
  )
const long = (length: number): string => `"${'x'.repeat(length)}"`

const hostile: Readonly<Record<string, Buffer>> = {
  'NUL in the statement': bodyOf(`{"target":"shop","sql":"select 1 as \\"a\\u0000b\\""}`),
  'NUL in a text': bodyOf(`{"target":"shop","sql":"select 'a\\u0000b'"}`),
  'NUL in the reason': bodyOf(`{"target":"shop","sql":"select 1","reason":"a\\u0000b"}`),
  'NUL in the target': bodyOf(`{"target":"shop\\u0000","sql":"select 1"}`),
  'NUL in a parameter': bodyOf(`{"target":"shop","sql":"select $1::text","params":["\\u0000"]}`),
  'NUL in the tool': bodyOf('{"target":"shop"}', '"sql_query\\u0000"'),
  'lone surrogate in the statement': bodyOf(`{"target":"shop","sql":"select '\\ud800'"}`),
  'lone surrogate in the reason': bodyOf(`{"target":"shop","sql":"select 1","reason":"\\udfff"}`),
  'lone surrogate in the target': bodyOf(`{"target":"\\ud800","sql":"select 1"}`),
  'lone surrogate in the tool': bodyOf('{}', '"\\ud800"'),
  '1e400': bodyOf(`{"target":"shop","sql":"select $1::text","params":[1e400]}`),
  '1e400 as a limit': bodyOf(`{"target":"shop","sql":"select 1","max_rows":1e400}`),
  __proto__: bodyOf(`{"__proto__":{"target":"shop"},"sql":"select 1"}`),
  '__proto__ beside': bodyOf(`{"target":"shop","sql":"select 1","__proto__":{"admin":true}}`),
  constructor: bodyOf(`{"target":"constructor","sql":"select 1"}`),
  '__proto__ as the target': bodyOf(`{"target":"__proto__","sql":"select 1"}`),
  '__proto__ as the tool': bodyOf('{}', '"__proto__"'),
  'the same key twice': bodyOf(`{"target":"shop","sql":"select 1","target":"guarded"}`),
  'deep nesting': bodyOf(
    `{"target":"shop","sql":"select 1","params":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  ),
  'a tool of 70 KiB': bodyOf('{}', long(70_000)),
  'a target of 70 KiB': bodyOf(`{"target":${long(70_000)},"sql":"select 1"}`),
  'a reason of 70 KiB': bodyOf(`{"target":"shop","sql":"select 1","reason":${long(70_000)}}`),
  'a key of 70 KiB': bodyOf(`{"target":"shop","sql":"select 1","idempotency_key":${long(70_000)}}`),
  'a thousand long names': bodyOf(
    `{"target":"shop","sql":"select 1 from ${Array.from({ length: 1000 }, (_, n) => `t${'x'.repeat(58)}${n}`).join(', ')}"}`,
  ),
  'a thousand columns': bodyOf(
    `{"target":"shop","sql":"select ${Array.from({ length: 1600 }, (_, n) => `id as c${'y'.repeat(55)}${n}`).join(', ')} from people"}`,
  ),
  'no UTF-8': Buffer.concat([
    bodyOf(`{"target":"shop","sql":"select 1`),
    Buffer.from([0xff, 0xfe]),
  ]),
  'half a body': bodyOf(`{"target":"shop","sql":"select 1"}`).subarray(0, 60),
  nothing: Buffer.alloc(0),
  'a list': Buffer.from('[]'),
}

const badInput: Fault = {
  fault: 43,
  name: 'NUL, lone surrogates, 1e400, __proto__, names over 64 KiB, noise',
  expected: 'refused or escaped before it is hashed; the log takes it and verifies',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, gateway, history, target } = world
    await warm(world)
    const came: Record<string, string> = {}
    for (const [name, body] of Object.entries(hostile)) came[name] = (await raw(gateway, body)).came
    came['an HTTP header of 70 KiB'] = (
      await raw(gateway, bodyOf('{}'), { 'x-long': 'x'.repeat(70_000) })
    ).came
    const good = bodyOf(`{"target":"shop","sql":"select 1 as one","reason":"why not"}`)
    const noise: string[] = []
    for (let n = 0; n < 400; n++) {
      const bytes = Buffer.from(good)
      for (let flips = 1 + Math.floor(kit.random() * 4); flips > 0; flips--)
        bytes[Math.floor(kit.random() * bytes.length)] = Math.floor(kit.random() * 256)
      noise.push((await raw(gateway, bytes)).came)
    }
    const after = cameOf(await history.sql(gateway))
    const bad = Object.entries(came).filter(
      ([, code]) => code === 'INTERNAL' || /HTTP 5/.test(code),
    )
    const { rows } = await admin.query<{ largest: number; odd: number }>(
      `select max(octet_length(header_jcs))::int as largest,
         count(*) filter (where convert_from(header_jcs, 'UTF8')::jsonb <> header)::int as odd from audit.event`,
    )
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        [`nothing fails inside: ${bad.map((one) => one.join(' ')).join(', ')}`]: bad.length === 0,
        'nothing of the noise fails inside': !noise.some((code) =>
          /INTERNAL|HTTP 5|socket/.test(code),
        ),
        'headers stay below 64 KiB': (rows[0]?.largest ?? 0) < 65_535,
        'each header is what it says': rows[0]?.odd === 0,
        'nothing was changed': (await target.effects()).length === warmth + 1,
        'calls go on': after === 'ok',
      },
      `${Object.keys(came).length} shapes: ${counted(Object.values(came))}; 400 of noise: ${counted(noise)}; largest header ${rows[0]?.largest}; ${figure}`,
    )
  },
}

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

const erasureDies: Fault = {
  fault: 45,
  name: 'erasure dies at its event and half-way, runs twice and two at once',
  expected: 'the same end; each event precedes its erasure; the log verifies',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, cluster, gateway, history } = world
    await warm(world)
    const calls: string[] = []
    for (let n = 0; n < 8; n++) calls.push((await history.read(gateway))?.call_id ?? '')
    await admin.query(`create role eraser login password 'eraser' in role countersign_eraser`)
    const erase = (call: string) =>
      gateway.api('POST', '/api/erasures', { call, reason: 'asked for' }).then(
        ({ status }) => status,
        () => 0,
      )
    const left = async (): Promise<number> => {
      const { rows } = await admin.query<{ n: number }>(
        'select count(*)::int as n from audit.payload p join audit.event e using (event_id) where e.call_id = any($1) and ciphertext is not null',
        [calls],
      )
      return rows[0]?.n ?? -1
    }
    const before = await left()
    // The gateway dies with the event written and nobody told.
    const armed = await gateway.arm({
      at: 'log.append',
      when: 'after',
      match: 'retention.erase',
      action: 'pause',
    })
    const dying = erase(calls[0] ?? '')
    await armed.hit
    await gateway.kill()
    await dying
    await expire(admin)
    await gateway.start()
    const statuses: number[] = []
    for (const call of calls) statuses.push(await erase(call), await erase(call))
    const named = await left()

    const proxy = await openProxy(kit, { port: cluster.port })
    const url = (port: number): string => `postgres://eraser:eraser@127.0.0.1:${port}/log`
    const finish = (port: number) =>
      gateway.cli(['audit', 'erase', '--finish'], { COUNTERSIGN_ERASER_URL: url(port) })
    const deaths: string[] = []
    for (let n = 0; n < 4; n++) {
      // Past the handshake, somewhere in the updates.
      const cut = proxy.cutAfter('up', 1_300 + Math.floor(kit.random() * 3_000))
      const { code } = await finish(proxy.port)
      await Promise.race([cut, pause(10)])
      deaths.push(`exit ${code}, ${await left()} left`)
    }
    const halfway = await left()
    await Promise.all([finish(cluster.port), finish(cluster.port)])
    const done = await left()
    const again = await finish(cluster.port)
    const { rows } = await admin.query<{
      early: number
      nameless: number
      others: number
      twice: number
    }>(
      `select
         (select count(*)::int from audit.payload p join audit.event e on e.event_id = p.erase_event
            where p.erased_at < (e.header ->> 't_wall')::timestamptz) as early,
         (select count(*)::int from audit.payload p where p.erased_at is not null and not exists (select from audit.event e
            where e.event_id = p.erase_event and e.type = 'retention.erase' and e.header -> 'detail' -> 'events' ? p.event_id::text)) as nameless,
         (select count(*)::int from audit.payload p join audit.event e using (event_id)
            where p.ciphertext is null and (e.call_id is null or not e.call_id = any($1))) as others,
         (select count(*)::int from (select id from audit.event e, jsonb_array_elements_text(e.header -> 'detail' -> 'events') id
            where e.type = 'retention.erase' group by id having count(*) > 1) t) as twice`,
      [calls],
    )
    const odd = rows[0]
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'there was something to erase': before > 0 && named === before,
        'each was recorded': statuses.every((status) => status === 200),
        'nothing is named twice': odd?.twice === 0,
        'it died half-way': deaths.some((one) => !one.startsWith('exit 0')),
        'all is gone in the end': done === 0,
        [`once more does nothing: ${again.said.trim()}`]: /0 payload parts erased/.test(again.said),
        'no erasure before its event': odd?.early === 0,
        'none that no event names': odd?.nameless === 0,
        'nothing else is gone': odd?.others === 0,
      },
      `${before} parts of 8 calls; ${deaths.join('; ')}; ${halfway} left for two at once, then ${done}; ${figure}`,
    )
  },
}

/** The product as its next version: another number, other code, one more migration. */
const nextVersion = (folder: string): string => {
  const next = join(folder, 'next')
  cpSync(shared().product, next, {
    recursive: true,
    filter: (path) => !path.endsWith('node_modules'),
  })
  symlinkSync(join(shared().product, 'node_modules'), join(next, 'node_modules'))
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(join(next, file), change(readFileSync(join(next, file), 'utf8')))
  edit('package.json', (text) => text.replace(/"version": "[^"]+"/, '"version": "99.0.0"'))
  appendFileSync(join(next, 'dist', 'errors.js'), '\n// The next version.\n')
  writeFileSync(
    join(next, 'migrations', '0099_next.sql'),
    'alter table audit.event add column next_note text;\n--> statement-breakpoint\ncreate index next_type on audit.event (type, event_id);\n',
  )
  edit('migrations/meta/_journal.json', (text) => {
    const journal: { entries: { idx: number; when: number }[] } = JSON.parse(text)
    const last = journal.entries.at(-1)
    if (last === undefined) throw new Error('no migrations')
    journal.entries.push({
      ...last,
      ...{ idx: last.idx + 1, when: last.when + 1_000, tag: '0099_next' },
    })
    return JSON.stringify(journal)
  })
  return next
}

const rollingStart: Fault = {
  fault: 46,
  name: 'schema migrated during traffic, old and new version side by side',
  expected: 'both append and verify; the old one does not start on the newer schema',
  limitMs: 600_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const world = await openWorld(kit, { gateway: { notary } })
    const { admin, cluster, gateway, history } = world
    const product = nextVersion(kit.folder)
    await warm(world)
    const next = await world.another('next', { product })
    let over = false
    const serving = new Set([gateway])
    const load = Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let at = n; !over && !kit.signal.aborted; at++) {
          const all = [...serving]
          const one = all[at % all.length]
          if (one) await (n % 2 ? history.sql : history.http)(one)
        }
      }),
    )
    await pause(1_000)
    await next.start({ ready: false })
    await eventually('the new version has ended', 120_000, () => next.ended() !== undefined)
    const early = /migrate/.test(next.said())
    const migrated = await next.cli(['migrate'], { COUNTERSIGN_OWNER_URL: cluster.url })
    await pause(1_000)
    await next.start()
    serving.add(next)
    await pause(3_000)
    serving.delete(gateway)
    await pause(500)
    const stopped = await gateway.stop()
    await pause(1_000)
    over = true
    await load
    await gateway.start({ ready: false })
    await eventually('the old version has ended', 120_000, () => gateway.ended() !== undefined)
    const refused = /newer version/.test(gateway.said())
    const { rows } = await admin.query<{ builds: number; versions: number; odd: number }>(
      `select count(distinct header ->> 'build')::int as builds,
         count(distinct header -> 'detail' ->> 'version')::int as versions,
         count(*) filter (where header -> 'v' <> '1')::int as odd from audit.event`,
    )
    const { checks, figure } = await world.judge()
    // What the new version hands out, an auditor with the old one can verify.
    const bundle = join(kit.folder, 'bundle')
    const key = join(notary.folder, 'notary.pub')
    const exported = await next.cli(['audit', 'export', '--out', bundle, '--reason', 'both'])
    const verified = await Promise.all(
      [gateway, next].map((one) => one.cli(['audit', 'verify', bundle, '--key', key])),
    )
    const codes = counted(history.asked.map(cameOf))
    rmSync(product, { recursive: true, force: true })
    return verdict(
      {
        ...checks,
        'the new version waits for its schema': early,
        [`migrated under load ${migrated.code === 0 ? '' : migrated.said.slice(0, 200)}`]:
          migrated.code === 0,
        [`both verify: ${verified.map(({ code }) => code).join(' ')} ${verified.map(({ code, said }) => (code === 0 ? '' : said.slice(0, 200))).join(' ')}`]:
          verified.every(({ code }) => code === 0),
        [`exported${exported.code === 0 ? '' : ` ${exported.said.slice(0, 200)}`}`]:
          exported.code === 0,
        'both builds are in the log': rows[0]?.builds === 2,
        'one format': rows[0]?.odd === 0,
        'every call was served': history.asked.every((one) => cameOf(one) === 'ok'),
        'the old one drained': stopped === 0,
        'it does not start on the newer schema': refused,
      },
      `${rows[0]?.builds} builds, ${codes}; verify ${verified.map(({ code }) => code).join(' ')}; ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [badInput, superuser, erasureDies, rollingStart]

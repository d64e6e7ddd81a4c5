import { request } from 'node:http'
import { type Fault, verdict } from '../lib/fault.ts'
import type { Gateway } from '../lib/gateway.ts'
import { counted } from '../lib/tally.ts'
import { cameOf, openWorld, warm, warmth } from '../lib/world.ts'

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

export const faults: readonly Fault[] = [badInput]

/** Every way in which an API server can misbehave ends in one of our codes, in time, without its words. */
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exitStatus, type Fake, message, reply, startFake, status } from './fake.ts'
import { type Kit, limits, openKit, refusalOf, targetOf } from './support.ts'

let fake: Fake
let kit: Kit
const quick = { ...limits, seconds: 2, connectMs: 800, bytes: 20_000 }
const web = { namespace: 'prod', pod: 'web-0' }

beforeEach(async () => {
  fake = await startFake()
  kit = openKit(targetOf(fake.kubeconfig, { limits: quick }))
  // The look at the cluster is not what is tested.
  await kit.facts('kube_get', { resource: 'pods' })
})
afterEach(async () => {
  await kit.close()
  await fake.close()
})
const hang = (): void => {}
const get = (more: Record<string, unknown> = {}) =>
  kit.run('kube_get', { resource: 'pods', ...more })
const read = (argv: readonly string[] = ['ls']) => kit.run('kube_exec', { ...web, argv })
const change = () => kit.run('kube_exec', { ...web, argv: ['touch', '/srv/x'] })
const apply = {
  action: 'apply',
  manifest: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}',
}

describe('reads', () => {
  const list = /^GET \/api\/v1\/namespaces\/prod\/pods\?/

  test.each<[string, Parameters<Fake['on']>[1], RegExp]>([
    ['never answers', hang, /^TIMEOUT/],
    [
      'answers half',
      (_r, response) =>
        void response
          .writeHead(200, { 'content-length': '100' })
          .write('{', () => response.destroy()),
      /^TARGET_UNREACHABLE/,
    ],
    ['answers no JSON', reply(200, 'hello'), /^TARGET_FAILED/],
    ['answers another kind of JSON', reply(200, '[1]'), /^TARGET_FAILED/],
    [
      'sends elsewhere',
      (_r, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /^TARGET_FAILED/,
    ],
    ['has forgotten the page (410)', status(410), /^TARGET_FAILED.*without cursor/],
    ['does not know us (401)', status(401), /^TARGET_UNREACHABLE.*credential/],
    ['refuses (403) by a rule of its own', status(403), /^TARGET_FAILED.*rule of the cluster/],
    ['is overloaded (429)', status(429), /^TARGET_FAILED.*busy/],
    ['breaks (500)', status(500), /^TARGET_FAILED/],
    ['gives up (504)', status(504), /^TIMEOUT/],
    ['refuses without a Status', reply(500, 'x'.repeat(2_000_000)), /^TARGET_FAILED/],
    [
      'speaks no HTTP',
      (_r, response) => void response.socket?.end('garbage\r\n\r\n'),
      /^TARGET_UNREACHABLE/,
    ],
  ])('a server that %s', async (_name, answer, expected) => {
    fake.on(list, answer)
    const startedAt = performance.now()
    const said = await refusalOf(get())
    expect(said).toMatch(expected)
    expect(said).not.toContain('raw words')
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  })

  test('a connection that was kept and has gone is no failure of a read', async () => {
    fake.on(list, reply(200, { kind: 'Table', columnDefinitions: [], rows: [] }))
    await get()
    fake.on(list, (_r, response) => {
      fake.on(list, reply(200, { kind: 'Table', columnDefinitions: [], rows: [] }))
      response.socket?.destroy()
    })
    expect(await refusalOf(get())).toBe('it ran')
  })

  test('a server that is not there, and one that only listens', async () => {
    const dead = createServer((socket) => socket.resume())
    await new Promise<void>((done) => dead.listen(0, '127.0.0.1', done))
    const address = dead.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const at = (text: string): Kit => openKit(targetOf(text, { limits: quick }))
    const silent = at(
      fake.kubeconfig.replace(/http:\/\/127\.0\.0\.1:\d+/, `https://127.0.0.1:${port}`),
    )
    expect(await refusalOf(silent.run('kube_get', { resource: 'pods' }))).toMatch(
      /^TARGET_UNREACHABLE/,
    )
    await new Promise((done) => dead.close(done))
    const gone = at(fake.kubeconfig.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`))
    expect(await refusalOf(gone.run('kube_get', { resource: 'pods' }))).toMatch(
      /^TARGET_UNREACHABLE/,
    )
  })

  test('a caller who leaves is told CANCELLED', async () => {
    fake.on(list, hang)
    const leaving = new AbortController()
    setTimeout(() => leaving.abort(), 100)
    expect(
      await refusalOf(kit.run('kube_get', { resource: 'pods' }, { signal: leaving.signal })),
    ).toMatch(/^CANCELLED/)
  })

  test('a discovery that is none, or of an old cluster, says so', async () => {
    fake.on(/^GET \/api$/, reply(200, { kind: 'APIVersions', versions: ['v1'] }))
    const old = openKit(targetOf(fake.kubeconfig, { limits: quick }))
    expect(await refusalOf(old.run('kube_get', { resource: 'pods' }))).toMatch(
      /^CONFIG_INVALID.*1\.27/,
    )
  })

  test('a list that ends nowhere is read to a bound', async () => {
    fake.on(list, (_r, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => {
        while (response.writable && response.write('x'.repeat(1_048_576)));
        response.once('drain', more)
      }
      more()
    })
    const before = process.memoryUsage().rss
    expect(await refusalOf(get())).toMatch(/^(TARGET_FAILED|TIMEOUT)/)
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024)
  })
})

describe('logs', () => {
  const log = /^GET \/api\/v1\/namespaces\/prod\/pods\/web-0\/log/

  test('a log of 10 GB is read in flat memory, and stops with the time', async () => {
    const piece = Buffer.from(`${'a line of no interest\n'.repeat(3_000)}needle\n`)
    let sent = 0
    fake.on(log, (_r, response) => {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && sent < 10 * 1024 ** 3) {
          sent += piece.length
          if (!response.write(piece)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const before = process.memoryUsage().rss
    const { out } = await kit.run('kube_logs', { ...web, filter: 'needle', tail: 3 })
    expect(out).toMatchObject({
      log: 'needle\nneedle\nneedle\n',
      stopped: 'seconds',
      truncated: true,
    })
    expect(sent).toBeGreaterThan(1024 ** 2)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })

  test('a line without end, and bytes that are no text', async () => {
    fake.on(
      log,
      (_r, response) =>
        void response.end(
          Buffer.concat([
            Buffer.alloc(500_000, 120),
            Buffer.of(10, 0xff, 0xfe, 10),
            Buffer.from('end\n'),
          ]),
        ),
    )
    const { out } = await kit.run('kube_logs', { ...web, tail: 2 })
    expect(out).toMatchObject({ truncated: true })
    expect(String(out.log).endsWith('end\n')).toBe(true)
    expect(String(out.log).length).toBeLessThan(70_000)
  })

  test('a log that stalls is a timeout', async () => {
    fake.on(log, (_r, response) => void response.writeHead(200).write('half a line'))
    expect(await refusalOf(kit.run('kube_logs', web))).toMatch(/^TIMEOUT/)
  })
})

describe('exec', () => {
  test('a command that says its end while the connection stays open is over', async () => {
    fake.exec = (socket, raw) => {
      socket.send(message(1, 'done\n'))
      socket.send(exitStatus(0))
      // Half closed: it never answers our closing.
      raw.pause()
    }
    const startedAt = performance.now()
    expect((await read()).out).toMatchObject({ stdout: 'done\n', exit_code: 0 })
    expect(performance.now() - startedAt).toBeLessThan(1_800)
  })

  test('a connection that breaks is a failed read and a change of unknown outcome', async () => {
    fake.exec = (socket, raw) => {
      socket.send(message(1, 'half\n'), () => raw.destroy())
    }
    expect(await refusalOf(read())).toMatch(/^TARGET_UNREACHABLE/)
    expect(await refusalOf(change())).toMatch(/^OUTCOME_UNKNOWN/)
  })

  test('one that never says anything is stopped in time', async () => {
    fake.exec = hang
    expect((await read(['sleep', '9'])).out).toMatchObject({ stopped: 'seconds', truncated: true })
    expect(await refusalOf(change())).toMatch(/^OUTCOME_UNKNOWN/)
  })

  test('more than a call may return is cut at a line, and a read is stopped', async () => {
    fake.exec = (socket) => {
      const more = (): void => {
        if (socket.readyState === socket.OPEN)
          socket.send(message(1, 'said again\n'.repeat(1_000)), () => setImmediate(more))
      }
      more()
    }
    const { out } = await read()
    expect(out).toMatchObject({ stopped: 'bytes', truncated: true })
    expect(String(out.stdout)).toMatch(/^(said again\n)+$/)
  })

  test('statuses that are none, other channels and empty messages do no harm', async () => {
    fake.exec = (socket) => {
      socket.send(Buffer.alloc(0))
      socket.send(message(9, 'what'))
      socket.send(message(2, Buffer.of(0xff, 0xfe)))
      socket.send(message(3, '{"status": 7}'))
    }
    expect(await refusalOf(change())).toMatch(/^(OUTCOME_UNKNOWN|it ran)/)
    fake.exec = (socket) => socket.send(exitStatus(300_000))
    expect(await refusalOf(change())).toMatch(/^OUTCOME_UNKNOWN/)
  })

  test('a refused upgrade is a refusal, and its words stay here', async () => {
    fake.on(/^GET .*\/exec/, status(403))
    const bad = openKit(targetOf(fake.kubeconfig, { limits: quick }))
    fake.exec = (_socket, raw) => raw.destroy()
    expect(await refusalOf(bad.run('kube_exec', { ...web, argv: ['ls'] }))).toMatch(
      /^TARGET_UNREACHABLE/,
    )
  })
})

describe('changes', () => {
  const patch = /^PATCH \/api\/v1\/namespaces\/prod\/configmaps\/a/

  test('a change that was sent and not answered has an unknown outcome, and is sent once', async () => {
    for (const answer of [
      hang,
      (_r: unknown, response: { destroy(): void }) => response.destroy(),
    ]) {
      fake.seen.length = 0
      fake.on(patch, answer as Parameters<Fake['on']>[1])
      expect(await refusalOf(kit.run('kube_change', apply))).toMatch(/^OUTCOME_UNKNOWN/)
      expect(fake.seen.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
      // A dry run changes nothing, whatever becomes of it.
      expect(await refusalOf(kit.run('kube_change', { ...apply, dry_run: true }))).toMatch(
        /^(TIMEOUT|TARGET_UNREACHABLE)/,
      )
    }
  })

  test('a change is never sent when what it is about could not be recorded', async () => {
    const { sessionOf } = await import('./support.ts')
    const input = kit.tool('kube_change').input.parse({ target: 'main', ...apply })
    const facts = await kit.facts('kube_change', apply)
    const session = {
      ...sessionOf(targetOf(fake.kubeconfig)),
      prepared: () => Promise.reject(new Error('no log')),
    }
    await expect(kit.tool('kube_change').run(input, facts, session as never)).rejects.toThrow(
      'no log',
    )
    expect(fake.seen.some(({ method }) => method === 'PATCH')).toBe(false)
  })

  test('what an object says of itself in a refusal is told by its safe parts only', async () => {
    fake.on(
      patch,
      status(422, {
        details: {
          causes: [
            {
              reason: 'FieldValueInvalid',
              field: 'data.b',
              message: 'Invalid value: "top secret"',
            },
            { reason: 'x', field: '<b>evil</b>', message: 'y' },
          ],
        },
      }),
    )
    const said = await refusalOf(kit.run('kube_change', apply))
    expect(said).toMatch(/^INPUT_REFUSED: The object is not valid: data\.b is not valid\. /)
    expect(said).not.toMatch(/secret|evil/)
    fake.on(
      patch,
      status(409, {
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              field: '.data.b',
              message: 'conflict with "a\u001b[31m" using v1',
            },
          ],
        },
      }),
    )
    expect(await refusalOf(kit.run('kube_change', apply))).toContain(
      'own fields of this manifest: .data.b. Nothing',
    )
  })

  test('a delete means the object that was seen', async () => {
    fake.on(
      /^GET .*\/configmaps\/a$/,
      reply(200, { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', uid: 'u-1' } }),
    )
    fake.on(/^DELETE/, reply(200, { kind: 'Status' }))
    await kit.run('kube_change', { action: 'delete', resource: 'cm', name: 'a' })
    const sent = fake.seen.find(({ method }) => method === 'DELETE')
    expect(JSON.parse(sent?.body ?? '{}')).toMatchObject({ preconditions: { uid: 'u-1' } })
  })
})

describe('who we are', () => {
  test('our token goes to the server and comes back to nobody', async () => {
    fake.on(
      /^GET .*\/configmaps\/a$/,
      reply(200, {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'a' },
        data: { echo: 'the-own-token-of-us' },
      }),
    )
    const { text } = await kit.run('kube_get', { resource: 'cm', name: 'a', format: 'yaml' })
    expect(fake.seen.at(-1)?.headers.authorization).toBe('Bearer the-own-token-of-us')
    expect(text).not.toContain('the-own-token-of-us')
  })

  test('a caller is impersonated without the powers of the cluster itself; Secrets are read as ourselves', async () => {
    const as = openKit(targetOf(fake.kubeconfig, { limits: quick, impersonate: true }))
    fake.on(/^GET .*\/log/, (_r, response) => void response.end('x\n'))
    const ana = { sub: 'ana', groups: ['devs', 'system:masters', 'SYSTEM:nodes', 'bad\ngroup'] }
    await as.run('kube_logs', web, ana)
    const log = fake.seen.find(({ url }) => url.includes('/log'))
    expect(log?.headers).toMatchObject({ 'impersonate-user': 'ana', 'impersonate-group': 'devs' })
    for (const { url, headers } of fake.seen.filter(({ url }) => !url.includes('/log')))
      expect(headers['impersonate-user'], url).toBeUndefined()
    for (const sub of ['system:admin', 'System:x', 'a\nb', ''])
      expect(await refusalOf(as.run('kube_logs', web, { sub })), sub).toMatch(/^NOT_ALLOWED/)
  })
})

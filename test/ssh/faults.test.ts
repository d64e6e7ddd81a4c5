/** Hosts that lie, hang, flood and vanish: each ends in its code, in our words, and nothing is left open. */
import { createConnection } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type SshFamily, sshFamily } from '../../src/tools/ssh/index.ts'
import { brokenHost, type Command, type Fake, fakeHost } from './server.ts'
import {
  call,
  credentialOf,
  fieldsOf,
  type SessionOptions,
  sessionOf,
  targetOf,
  text,
} from './session.ts'

const open: { close(): Promise<void> }[] = []
const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
  open.push(thing)
  return thing
}
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})
const family = (): SshFamily => {
  const made = sshFamily()
  open.push(made.family)
  return made
}
const secret = credentialOf({ password: 'secret' })
const at = (fake: Fake, more: SessionOptions = {}) =>
  sessionOf(targetOf(fake.port, [fake.hostKey]), secret, more)
const run = (
  ssh: SshFamily,
  session: ReturnType<typeof at>,
  command = 'uptime',
  more: object = {},
) => call(ssh.tools, 'ssh_run', { command, ...more }, session)
const echo =
  (code = 0) =>
  ({ channel }: Command): void => {
    channel.write('hello\n')
    channel.exit(code)
    channel.end()
  }
const soon = async (done: () => boolean): Promise<void> => {
  for (let n = 0; n < 200 && !done(); n += 1) await new Promise((go) => setTimeout(go, 10))
  expect(done()).toBe(true)
}

test('a host key that changed ends the call before the credential is sent', async () => {
  let asked = 0
  const fake = kept(
    await fakeHost({
      run: echo(),
      authenticate: (context) => {
        if (context.method !== 'none') asked += 1
        context.reject()
      },
    }),
  )
  const session = sessionOf(targetOf(fake.port, [`SHA256:${'B'.repeat(43)}`]), secret)
  await expect(run(family(), session)).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining('not pinned'),
    teaching: { retry: false },
  })
  expect(asked).toBe(0)
  await soon(() => fake.open() === 0)
})

describe('a host that hangs', () => {
  const limits = { connectMs: 300 }
  test('before its banner', async () => {
    const broken = kept(await brokenHost(() => {}))
    await expect(
      run(family(), sessionOf(targetOf(broken.port, ['SHA256:x']), secret, { limits })),
    ).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
    await soon(() => broken.open() === 0)
  })
  test('after its banner', async () => {
    const broken = kept(await brokenHost((socket) => socket.write('SSH-2.0-x\r\n')))
    await expect(
      run(family(), sessionOf(targetOf(broken.port, ['SHA256:x']), secret, { limits })),
    ).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
    await soon(() => broken.open() === 0)
  })
  test.each([40, 400, 900, 1100, 1300, 1500])('after %i bytes of its handshake', async (bytes) => {
    const fake = kept(await fakeHost({ run: echo() }))
    const broken = kept(
      await brokenHost((socket) => {
        const inner = createConnection(fake.port, '127.0.0.1')
        let sent = 0
        inner.on('error', () => {})
        socket.on('data', (d) => inner.write(d))
        socket.on('close', () => inner.destroy())
        inner.on('data', (d) => {
          const part = d.subarray(0, Math.max(0, bytes - sent))
          sent += part.length
          if (part.length > 0) socket.write(part)
        })
      }),
    )
    const session = sessionOf(targetOf(broken.port, [fake.hostKey]), secret, {
      limits: { connectMs: 300, seconds: 1 },
    })
    const started = Date.now()
    await expect(run(family(), session)).rejects.toMatchObject({
      code: expect.stringMatching(/TARGET_UNREACHABLE|TIMEOUT/),
    })
    expect(Date.now() - started).toBeLessThan(8000)
    await soon(() => broken.open() === 0)
  })
  test('in authentication', async () => {
    const fake = kept(await fakeHost({ run: echo(), authenticate: () => {} }))
    await expect(run(family(), at(fake, { limits }))).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
    await soon(() => fake.open() === 0)
  })
  test('in the command', async () => {
    const fake = kept(await fakeHost({ run: () => {} }))
    const ssh = family()
    const output = await run(ssh, at(fake), 'uptime', { timeout_s: 1 })
    expect(fieldsOf(output)).toMatchObject({ stopped: 'seconds' })
    // What can't be stopped takes its connection with it.
    await soon(() => fake.open() === 0)
  })
  test('in a command that may have changed something: nobody knows what became of it', async () => {
    const fake = kept(await fakeHost({ run: () => {} }))
    await expect(run(family(), at(fake), 'touch /srv/x', { timeout_s: 1 })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    })
  })
})

test('nobody listens, and a host that speaks something else', async () => {
  const gone = await brokenHost(() => {})
  await gone.close()
  await expect(
    run(family(), sessionOf(targetOf(gone.port, ['SHA256:x']), secret)),
  ).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE', teaching: { retry: true } })
  const web = kept(await brokenHost((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  const error = await run(family(), sessionOf(targetOf(web.port, ['SHA256:x']), secret)).catch(
    (e: unknown) => e,
  )
  expect(error).toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: 'web-1 could not be connected to.',
  })
})

test('a credential that is refused, or is none, is told in our words', async () => {
  const fake = kept(await fakeHost({ run: echo() }))
  const ssh = family()
  const of = (values: Record<string, string>) =>
    sessionOf(targetOf(fake.port, [fake.hostKey]), credentialOf(values, JSON.stringify(values)))
  await expect(run(ssh, of({ password: 'wrong' }))).rejects.toMatchObject({
    code: 'TARGET_FAILED',
    message: 'web-1 did not accept the credential.',
  })
  await expect(run(ssh, of({ privateKey: 'no key' }))).rejects.toMatchObject({
    code: 'TARGET_FAILED',
  })
  await expect(run(ssh, of({ privateKey: 'no key', certificate: 'none' }))).rejects.toMatchObject({
    code: 'TARGET_FAILED',
  })
  await expect(run(ssh, of({}))).rejects.toMatchObject({ code: 'TARGET_FAILED' })
  await soon(() => fake.open() === 0)
})

test('output without end is cut, and the command is told to stop', async () => {
  const seen: string[][] = []
  const fake = kept(
    await fakeHost({
      run: (command) => {
        seen.push(command.signals)
        const more = setInterval(() => command.channel.write('x'.repeat(10_000)), 1)
        command.onSignal = (name) => {
          clearInterval(more)
          command.channel.exit(name.replace('SIG', ''))
          command.channel.end()
        }
        command.channel.on('close', () => clearInterval(more))
      },
    }),
  )
  const output = await run(family(), at(fake, { limits: { bytes: 25_000 } }))
  expect(text(output).length).toBe(25_000)
  expect(output).toMatchObject({ truncated: true })
  expect(fieldsOf(output)).toMatchObject({ stopped: 'bytes', signal: 'SIGINT' })
  expect(seen).toEqual([['INT']])
})

test('bytes that are no text come as they are', async () => {
  const fake = kept(
    await fakeHost({
      run: ({ channel }) => {
        channel.write(Buffer.from([0xff, 0xfe, 0x00, 0x41]))
        channel.stderr.write(Buffer.from([0xc3]))
        channel.exit(0)
        channel.end()
      },
    }),
  )
  const output = await run(family(), at(fake))
  expect(
    output.kind === 'process' &&
      output.chunks.map((c) => [c.stream, Buffer.from(c.bytes).toString('hex')]),
  ).toEqual([
    ['stdout', 'fffe0041'],
    ['stderr', 'c3'],
  ])
})

test('stdin that nobody reads holds nothing up', async () => {
  const fake = kept(
    await fakeHost({
      run: ({ channel }) => {
        channel.pause()
        channel.exit(3)
        channel.close()
      },
    }),
  )
  expect(
    fieldsOf(await run(family(), at(fake), 'true', { stdin: 'x'.repeat(1_000_000) })),
  ).toMatchObject({ exit_code: 3 })
})

describe('a connection that is lost in the middle', () => {
  const cut = ({ channel, client }: Command): void => {
    channel.write('part')
    setTimeout(() => client.end(), 20)
  }
  test('of a read can be tried again', async () => {
    const fake = kept(await fakeHost({ run: cut }))
    await expect(run(family(), at(fake))).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      teaching: { retry: true },
    })
    await soon(() => fake.open() === 0)
  })
  test('of a write is an outcome that nobody knows', async () => {
    const fake = kept(await fakeHost({ run: cut }))
    await expect(run(family(), at(fake), 'touch /srv/x')).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      teaching: { retry: false },
    })
  })
  test('and the next call gets a new one', async () => {
    let first = true
    const fake = kept(
      await fakeHost({
        run: (command) => {
          if (first) cut(command)
          else echo()(command)
          first = false
        },
      }),
    )
    const ssh = family()
    await run(ssh, at(fake)).catch(() => undefined)
    expect(text(await run(ssh, at(fake)))).toBe('hello\n')
  })
})

test("a command that the gateway's own limit stops is told as far as it came", async () => {
  const fake = kept(
    await fakeHost({
      run: ({ channel }) => {
        channel.write('so far\n')
      },
    }),
  )
  const stop = new AbortController()
  const running = run(family(), at(fake, { signal: stop.signal }))
  setTimeout(() => stop.abort(new DOMException('too long', 'TimeoutError')), 200)
  const output = await running
  expect(text(output)).toBe('so far\n')
  expect(output.truncated).toBe(true)
})

test('a call that is cancelled stops its command', async () => {
  const signals: string[] = []
  const fake = kept(
    await fakeHost({
      run: (command) => {
        command.onSignal = (name) => {
          signals.push(name)
          command.channel.exit(name)
          command.channel.end()
        }
      },
    }),
  )
  const stop = new AbortController()
  const running = run(family(), at(fake, { signal: stop.signal }))
  setTimeout(() => stop.abort(), 200)
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(signals).toEqual(['INT'])
})

test('a caller who leaves while the host is connected to leaves at once, and others go on', async () => {
  let letIn = (): void => {}
  let waiting = false
  const fake = kept(
    await fakeHost({
      run: echo(),
      authenticate: (context) => {
        letIn = () => context.accept()
        waiting = true
      },
    }),
  )
  const ssh = family()
  const stop = new AbortController()
  const leaving = run(ssh, at(fake, { signal: stop.signal }))
  const staying = run(ssh, at(fake))
  await soon(() => waiting)
  stop.abort()
  await expect(leaving).rejects.toMatchObject({ code: 'CANCELLED' })
  letIn()
  expect(text(await staying)).toBe('hello\n')
})

describe('five hundred calls at once', () => {
  test('run a few at a time over few connections, each caller in turn', async () => {
    let running = 0
    let most = 0
    const order: string[] = []
    const fake = kept(
      await fakeHost({
        run: ({ line, channel }) => {
          running += 1
          most = Math.max(most, running)
          order.push(/who=(\w+)/.exec(line)?.[1] ?? '?')
          setTimeout(() => {
            running -= 1
            channel.exit(0)
            channel.end()
          }, 1)
        },
      }),
    )
    const ssh = family()
    const busy = Array.from({ length: 480 }, () =>
      run(ssh, at(fake, { caller: 'busy' }), 'echo who=busy'),
    )
    const calm = Array.from({ length: 20 }, () =>
      run(ssh, at(fake, { caller: 'calm' }), 'echo who=calm'),
    )
    await Promise.all([...busy, ...calm])
    expect(most).toBeLessThanOrEqual(4)
    expect(fake.most()).toBeLessThanOrEqual(4)
    expect(order.lastIndexOf('calm')).toBeLessThan(100)
    await ssh.family.close()
    await soon(() => fake.open() === 0)
  })
  test('are refused where too many wait', async () => {
    const fake = kept(await fakeHost({ run: () => {} }))
    const ssh = family()
    const stop = new AbortController()
    const all = Array.from({ length: 1500 }, () =>
      run(ssh, at(fake, { signal: stop.signal }), 'uptime').catch((e: { code?: string }) => e.code),
    )
    setTimeout(() => stop.abort(), 500)
    const codes = await Promise.all(all)
    expect(codes.filter((c) => c === 'TARGET_UNREACHABLE').length).toBe(984)
    expect(codes.filter((c) => c === 'CANCELLED').length).toBe(516)
  })
  test('get by where a connection carries few sessions', async () => {
    const fake = kept(await fakeHost({ run: echo(), sessions: 2 }))
    const ssh = family()
    const all = await Promise.all(Array.from({ length: 60 }, () => run(ssh, at(fake))))
    expect(all.every((o) => text(o) === 'hello\n')).toBe(true)
    expect(fake.most()).toBeLessThanOrEqual(6)
  })
})

test('another version of the credential gets a connection of its own', async () => {
  const fake = kept(await fakeHost({ run: echo() }))
  const ssh = family()
  await run(ssh, at(fake))
  await run(ssh, at(fake))
  expect(fake.all()).toBe(1)
  await run(
    ssh,
    sessionOf(targetOf(fake.port, [fake.hostKey]), credentialOf({ password: 'secret' }, '2')),
  )
  expect(fake.all()).toBe(2)
})

test('a host without file transfer', async () => {
  const fake = kept(await fakeHost({ run: echo() }))
  await expect(
    call(family().tools, 'ssh_read_file', { path: '/srv/x' }, at(fake)),
  ).rejects.toMatchObject({
    code: 'TARGET_FAILED',
    message: 'The host offers no file transfer (SFTP).',
  })
})

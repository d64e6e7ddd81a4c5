import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Client as NewClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as NewTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ended, eventually, type Home, isAlive, makeHome, program } from './home.ts'

let home: Home
beforeAll(async () => {
  home = await makeHome()
  const made = await home.run(
    '--json',
    'init',
    '--subject',
    'ana',
    '--listen',
    `127.0.0.1:${home.port}`,
  )
  expect(made).toMatchObject({ code: 0, stderr: '' })
})
afterAll(() => home.remove())

const env = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(home.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
const launch = () => ({
  command: process.execPath,
  args: [program, 'stdio'],
  env: env(),
  stderr: 'pipe' as const,
})
const oldClient = async () => {
  const client = new OldClient({ name: 'old', version: '1' })
  const transport = new OldTransport(launch())
  await client.connect(transport)
  return { client, transport }
}
const newClient = async () => {
  const client = new NewClient(
    { name: 'new', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const transport = new NewTransport(launch())
  await client.connect(transport)
  return { client, transport }
}
const initialize = `${JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  },
})}\n`

describe('init', () => {
  test('writes keys and configuration for this user alone, and never twice', async () => {
    const folder = join(home.folder, 'countersign')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const file of ['countersign.yaml', 'vault.key', 'token.key'])
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    const before = readdirSync(folder)
      .filter((name) => name !== 'state')
      .map((name) => readFileSync(join(folder, name), 'utf8'))
    const again = await home.run('--json', 'init', '--no-store')
    expect(JSON.parse(again.stdout)).toMatchObject({ written: [] })
    const after = readdirSync(folder)
      .filter((name) => name !== 'state')
      .map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(after).toEqual(before)
  })
})

describe('stdio', () => {
  test('two windows share one gateway, of either revision; closing one leaves the other, and the gateway', async () => {
    const before = performance.now()
    const one = await oldClient()
    // Ready within 5 s once initialised; the machine may be busy with other tests.
    expect(performance.now() - before).toBeLessThan(15_000)
    const two = await newClient()
    const pid = home.pid()
    expect((await one.client.listTools()).tools.map((tool) => tool.name)).toContain('targets')
    expect(await two.client.callTool({ name: 'targets', arguments: {} })).toMatchObject({
      structuredContent: { status: 'ok' },
    })
    await one.client.close()
    expect(await two.client.callTool({ name: 'targets', arguments: {} })).toMatchObject({
      structuredContent: { status: 'ok' },
    })
    await two.client.close()
    expect(pid !== undefined && isAlive(pid)).toBe(true)
    expect(home.pid()).toBe(pid)
  })

  test('of ten that start at once one starts the gateway, and all are served', async () => {
    await home.stop()
    rmSync(join(home.state, 'gateway.log'), { force: true })
    const clients = await Promise.all(Array.from({ length: 10 }, oldClient))
    const lists = await Promise.all(clients.map(({ client }) => client.listTools()))
    expect(lists.every(({ tools }) => tools.length > 0)).toBe(true)
    expect(
      home
        .log()
        .split('\n')
        .filter((line) => line.includes('"serving"')),
    ).toHaveLength(1)
    await Promise.all(clients.map(({ client }) => client.close()))
  })

  test('a client that closes its end gets the answers that are under way', async () => {
    const pipe = home.spawn('stdio')
    const end = ended(pipe)
    pipe.stdin?.write(initialize)
    pipe.stdin?.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    pipe.stdin?.write(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"targets","arguments":{}}}\n',
    )
    await new Promise((resolve) => pipe.stdout?.once('data', resolve))
    pipe.stdin?.end()
    const { code, stdout } = await end
    expect(code).toBe(0)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toContain(0)
  })

  /** What a client sees: the answer to its first request, and what is on standard error. */
  const refused = async () => {
    const pipe = home.spawn('stdio')
    const end = ended(pipe)
    pipe.stdin?.write(initialize)
    pipe.stdout?.once('data', () => pipe.stdin?.end())
    const { code, stdout, stderr } = await end
    const answer = JSON.parse(stdout) as { id: number; error: { message: string } }
    expect(answer.id).toBe(0)
    return { code, message: answer.error.message, stderr }
  }

  test('another configuration than the one that runs is such an error too; a comment is no other configuration', async () => {
    const { client } = await oldClient()
    const text = readFileSync(home.config, 'utf8')
    appendFileSync(home.config, '# a comment\n')
    const same = await newClient()
    await same.client.close()
    writeFileSync(
      home.config,
      text.replace('groups: ["engineers"]', 'groups: ["engineers", "dba"]'),
    )
    const { code, message } = await refused()
    writeFileSync(home.config, text)
    expect(code).toBe(2)
    expect(message).toContain('another configuration')
    await client.close()
  })

  test('a configuration that is wrong names its line to the client', async () => {
    const text = readFileSync(home.config, 'utf8')
    writeFileSync(home.config, `${text}\nsurprise: 1\n`)
    const { code, message } = await refused()
    writeFileSync(home.config, text)
    expect(code).toBe(2)
    expect(message).toMatch(/countersign\.yaml:\d+.*surprise/)
  })

  test('a gateway that dies ends the pipe with a word on why, and the next one starts another', async () => {
    const pipe = home.spawn('stdio')
    const end = ended(pipe)
    pipe.stdin?.write(initialize)
    await new Promise((resolve) => pipe.stdout?.once('data', resolve))
    const dead = home.pid()
    process.kill(dead ?? 0, 'SIGKILL')
    const { code, stdout, stderr } = await end
    expect(code).toBe(2)
    expect(stderr).toContain('the gateway has stopped')
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).jsonrpc),
    ).toEqual(['2.0'])
    const { client } = await oldClient()
    expect(home.pid()).not.toBe(dead)
    await client.close()
  })

  test('another version that runs is an error that says so, to the client and on standard error', async () => {
    await home.stop()
    const other = createServer((_request, response) =>
      response.end(
        JSON.stringify({ version: '0.0.1', config: 'sha256:0', pid: 4711, ready: true }),
      ),
    )
    await new Promise<void>((resolve) => other.listen(join(home.state, 'api.sock'), resolve))
    const { code, message, stderr } = await refused()
    other.close()
    other.closeAllConnections()
    expect(code).toBe(2)
    expect(message).toMatch(/process 4711\) is version 0\.0\.1.*kill 4711/)
    expect(stderr).toContain('0.0.1')
  })

  test('a gateway that can not start says why', async () => {
    await home.stop()
    const key = join(home.folder, 'countersign', 'vault.key')
    const text = readFileSync(key, 'utf8')
    rmSync(key)
    writeFileSync(key, 'short', { mode: 0o600 })
    const { code, message } = await refused()
    writeFileSync(key, text)
    expect(code).toBe(2)
    expect(message).toMatch(/did not start.*too short/)
  })
})

describe('serve', () => {
  test('stops when idle, and not while a window is open', async () => {
    await home.stop()
    const gateway = home.spawn('serve', '--idle-exit', '6s')
    const end = ended(gateway)
    await eventually(() => existsSync(join(home.state, 'api.sock')))
    const { client } = await oldClient()
    expect(home.pid()).toBe(gateway.pid)
    await new Promise((resolve) => setTimeout(resolve, 8000))
    expect(await client.listTools()).toMatchObject({ tools: expect.anything() })
    await client.close()
    expect((await end).code).toBe(0)
    expect(readdirSync(home.state)).not.toContain('gateway.lock')
  })

  test('SIGTERM ends it in order: nothing of it is left', async () => {
    const gateway = home.spawn('--json', 'serve')
    const end = ended(gateway)
    await new Promise((resolve) => gateway.stdout?.once('data', resolve))
    const second = await home.run('serve')
    expect(second.code).toBe(2)
    expect(second.stderr).toContain(`Process ${gateway.pid} runs a gateway`)
    gateway.kill('SIGTERM')
    const { code, stdout } = await end
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ serving: `http://127.0.0.1:${home.port}` })
    for (const file of ['gateway.lock', 'mcp.sock', 'api.sock'])
      expect(existsSync(join(home.state, file))).toBe(false)
  })
})

describe("the agent's shell", () => {
  test('an answer needs a terminal and an approver; neither argv, nor a pipe, nor the environment will do', async () => {
    const { client } = await oldClient()
    for (const args of [['pause'], ['pause', '--as', 'ana']]) {
      const { code, stderr } = await home.run(...args)
      expect(code).toBe(2)
      expect(stderr).toMatch(/approver|terminal/)
    }
    expect((await home.run('pause', '--passphrase', 'x')).code).toBe(64)
    expect((await home.run('pause', '--passphrase-stdin')).code).toBe(64)
    // The local token, which such a shell can read, is nobody's proof.
    const token = await home.run('--json', 'pause', '--token-file', join(home.state, 'local.token'))
    expect(token.code).toBe(2)
    expect(JSON.parse(token.stdout)).toMatchObject({ error: { code: 'NOT_IDENTIFIED' } })
    await client.close()
  })
})

describe('exit codes', () => {
  test.each([
    [['--help'], 0],
    [['--version'], 0],
    [[], 64],
    [['frobnicate'], 64],
    [['pause', '--frobnicate'], 64],
    [['serve', '--idle-exit', 'soon'], 64],
    [['--config', '/nowhere/x.yaml', 'serve'], 2],
    [['pause', '--token-file', '/nowhere/token'], 2],
  ] as const)('%j: %d', async (args, code) => {
    expect((await home.run(...args)).code).toBe(code)
  })
})

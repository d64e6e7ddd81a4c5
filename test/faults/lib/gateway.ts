/** A gateway as it is run in production: a process of its own on a store by URL, that can be killed at a failpoint. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ApiAnswer, askSocket } from '../../../src/cli/running.ts'
import { socketPaths } from '../../../src/identity/state-folder.ts'
import { freePort } from './cluster.ts'
import type { Armed, Failpoint } from './failpoint.ts'
import type { Kit } from './fault.ts'
import { configText, type GatewayOptions, keyText, passphrase } from './gateway-config.ts'
import { alive, gone, signal } from './process.ts'
import { shared } from './shared.ts'
import { eventually, within } from './wait.ts'

export type { Armed, Failpoint } from './failpoint.ts'
export { type GatewayOptions, keyText, logName, passphrase } from './gateway-config.ts'
export { type Notary, openNotary } from './notary.ts'

const preload = pathToFileURL(
  fileURLToPath(new URL('./failpoints/preload.js', import.meta.url)),
).href

export interface Answer {
  readonly status: string
  readonly call_id: string
  readonly receipt?: { readonly stream: string; readonly seq: string; readonly leaf: string }
  readonly refused?: { readonly code: string; readonly message: string; readonly retry: boolean }
  readonly [field: string]: unknown
}

export interface AskOptions {
  readonly token?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface Gateway {
  readonly name: string
  readonly folder: string
  readonly state: string
  readonly url: string
  readonly pid: number | undefined
  /** stdout and stderr of all its processes, one after another. */
  said(): string
  /** Starts it and waits until it is ready, or (`ready: false`) only until it is running. */
  start(how?: {
    readonly ready?: boolean
    readonly arm?: readonly (Failpoint & { id: number })[]
  }): Promise<void>
  /** SIGKILL, and its end. */
  kill(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, and its end; the exit code. */
  stop(): Promise<number | null>
  /** Exit code when it has ended, else undefined. */
  ended(): number | null | undefined
  ready(): Promise<boolean>
  /** Its doors are open, ready or not. */
  answers(): Promise<boolean>
  arm(point: Failpoint): Promise<Armed>
  token(): string
  /** A tool by MCP over HTTP. Throws when there is no answer. */
  call(tool: string, args: Readonly<Record<string, unknown>>, options?: AskOptions): Promise<Answer>
  /** The management API, as the approver `subject`. */
  api(method: 'GET' | 'POST', path: string, body?: unknown, subject?: string): Promise<ApiAnswer>
  metrics(): Promise<string>
  /** A command of the command line with this gateway's configuration. */
  cli(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ code: number; said: string }>
  /** What its log acknowledged when: lines of `{at, wall, call, type, leaf}`. */
  journal(): readonly Acknowledged[]
}

export interface Acknowledged {
  readonly wall: number
  readonly call: string
  readonly type: string
  readonly leaf: string
}

interface Message {
  readonly hit?: number
  readonly armed?: number
}

let ids = 0

/** Configured, not started. */
export const openGateway = async (kit: Kit, options: GatewayOptions): Promise<Gateway> => {
  const name = options.name ?? 'g'
  const folder = join(kit.folder, name)
  const port = await freePort()
  mkdirSync(join(folder, 'state'), { recursive: true, mode: 0o700 })
  const put = (file: string, text: string): void =>
    writeFileSync(join(folder, file), text, { mode: 0o600 })
  put('shop-reader', JSON.stringify(options.target.logins.reader))
  put('shop-writer', JSON.stringify(options.target.logins.writer))
  put('api-token', JSON.stringify({ token: options.target.httpToken }))
  if (options.storeUrl !== undefined) put('store-url', options.storeUrl)
  if (options.notary) put('notary.token', options.notary.token)
  put('vault.key', options.vaultKey ?? keyText('vault.key'))
  put('token.key', keyText('token.key'))
  put('countersign.yaml', await configText(options, port))
  const file = join(folder, 'countersign.yaml')
  const state = join(folder, 'state')
  const product = options.product ?? shared().product
  const bin = join(product, 'bin', 'countersign.js')
  const url = `http://127.0.0.1:${port}`
  const out = join(folder, 'said')
  const journal = join(folder, 'journal')
  put('said', '')
  put('journal', '')
  const { COUNTERSIGN_DATABASE_URL: _, ...inherited } = process.env
  const env = { ...inherited, COUNTERSIGN_LOG_LEVEL: 'debug', ...options.env }
  let child: ChildProcess | undefined
  let lastCode: number | null = null
  const heard = new Set<(message: Message) => void>()
  const said = (): string => readFileSync(out, 'utf8')
  const ended = (): number | null | undefined => {
    if (child === undefined) return lastCode
    if (child.exitCode === null && child.signalCode === null) return undefined
    return child.exitCode
  }
  const kill = async (): Promise<void> => {
    if (child?.pid === undefined || ended() !== undefined) return
    const { pid } = child
    const exit = new Promise((done) => child?.once('exit', done))
    signal(pid, 'SIGKILL')
    await exit
    await gone([pid])
  }
  kit.defer(kill)

  const fine = async (path: string): Promise<boolean> =>
    ended() === undefined &&
    (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false,
    ))
  const ready = (): Promise<boolean> => fine('/readyz')

  const token = (): string => readFileSync(join(state, 'local.token'), 'utf8').trim()
  let requests = 0
  return {
    name,
    folder,
    state,
    url,
    get pid() {
      return child?.pid
    },
    said,
    ended,
    kill,
    ready,
    answers: () => fine('/healthz'),
    token,
    signal: (which) => {
      if (child?.pid !== undefined && alive(child.pid)) signal(child.pid, which)
    },
    async start(how = {}) {
      const log = openSync(out, 'a')
      const own = spawn(
        process.execPath,
        [...(options.nodeArgs ?? []), '--import', preload, bin, 'serve', '--config', file],
        {
          cwd: folder,
          env: {
            ...env,
            FAULTS_PRODUCT: pathToFileURL(`${product}/`).href,
            FAULTS_JOURNAL: journal,
            FAULTS_ARM: JSON.stringify(how.arm ?? []),
          },
          stdio: ['ignore', log, log, 'ipc'],
        },
      )
      closeSync(log)
      child = own
      own.on('message', (message: Message) => {
        for (const hear of heard) hear(message)
      })
      own.on('error', () => undefined)
      own.on('exit', (code) => {
        lastCode = code
      })
      if (own.pid !== undefined) shared().guard(own.pid)
      if (how.ready === false) return
      // Long, since a machine may be busy with much else; what is slow is not what is judged here.
      await eventually(`gateway ${name} is ready`, 120_000, async () => {
        if (ended() !== undefined) return true
        return ready()
      }).catch(async (thrown) => {
        const answer = await fetch(`${url}/readyz`).then(
          (found) => found.text(),
          (cause) => String(cause),
        )
        throw new Error(`${String(thrown)}; readyz: ${answer}; said: ${said().slice(-1500)}`)
      })
      if (ended() !== undefined)
        throw new Error(`gateway ${name} ended while starting: ${said().slice(-1500)}`)
    },
    async stop() {
      if (child?.pid === undefined || ended() !== undefined) return lastCode
      const exit = new Promise<number | null>((done) => child?.once('exit', (code) => done(code)))
      signal(child.pid, 'SIGTERM')
      return within('the gateway stops', 40_000, exit)
    },
    async arm(point) {
      const id = ++ids
      let count = 0
      let tell: () => void = () => undefined
      const hit = new Promise<void>((done) => {
        tell = done
      })
      const armed = new Promise<void>((done) => {
        heard.add((message) => {
          if (message.armed === id) done()
          if (message.hit !== id) return
          count += 1
          tell()
        })
      })
      const send = (message: object): void => {
        if (child?.connected) child.send(message)
      }
      send({ arm: { id, ...point } })
      await within('the failpoint is armed', 10_000, armed)
      const reached = within(
        `a call comes to ${point.at} ${point.when} ${point.match ?? ''}`,
        60_000,
        hit,
      )
      // Who arms and does not wait is not told.
      reached.catch(() => undefined)
      return {
        hit: reached,
        hits: () => count,
        release: () => send({ release: id }),
        disarm: () => send({ disarm: id }),
      }
    },
    async call(tool, args, { signal: given, timeoutMs = 60_000, token: by = token() } = {}) {
      const late = AbortSignal.timeout(timeoutMs)
      const answer = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${by}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'mcp-protocol-version': '2025-06-18',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: ++requests,
          method: 'tools/call',
          params: { name: tool, arguments: args },
        }),
        signal: given ? AbortSignal.any([late, given]) : late,
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`HTTP ${answer.status} ${text.slice(0, 200)}`)
      const line = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '')
      const message = JSON.parse(line)
      if (message.error) throw new Error(`JSON-RPC ${JSON.stringify(message.error).slice(0, 200)}`)
      return message.result.structuredContent ?? JSON.parse(message.result.content[0].text)
    },
    api: (method, path, body, subject = 'bo') =>
      askSocket(socketPaths(state).api, {
        method,
        path,
        body,
        authorization: `Basic ${Buffer.from(`${subject}:${passphrase}`).toString('base64')}`,
      }),
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    cli: (args, more = {}) =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [bin, ...args, '--config', file],
          {
            env: { ...env, COUNTERSIGN_LOG_LEVEL: 'error', ...more },
            timeout: 60_000,
            maxBuffer: 1 << 28,
          },
          (error, stdout, stderr) =>
            resolve({
              code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
              said: stdout + stderr,
            }),
        )
      }),
    journal: () =>
      existsSync(journal)
        ? readFileSync(journal, 'utf8')
            .split('\n')
            .filter((line) => line.endsWith('}'))
            .map((line): Acknowledged => JSON.parse(line))
        : [],
  }
}

/** Connections to targets: kept by target, credential and version, a few at once, in turn by caller, pinned to addresses that were checked. */
import http, { type Agent } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { GateError } from '../../errors.ts'
import type { HttpTarget, Session } from '../../types.ts'
import { Turns } from '../turns.ts'
import { type Answer, mayConnect, type Resolve } from './address.ts'
import { type Answering, type Ask, exchange, NoAnswer, type Way } from './exchange.ts'
import { failure, type Told } from './failure.ts'
import { type Carried, tlsKey } from './inject.ts'
import { reading } from './routes.ts'

const idleMs = 30_000
const mostAgents = 256

export interface Turn {
  /** On `performance.now()`'s clock. */
  readonly until: number
}

const forbidden = (target: HttpTarget): GateError =>
  new GateError(
    'NOT_ALLOWED',
    `The name of ${target.name} leads to an address that it may not have.`,
    {
      hint: 'An administrator names the range under `addresses` when it is meant.',
      retry: false,
    },
  )

/** Looks the name up once for a connection, checks every answer, and hands on what was checked. */
const pinned = (target: HttpTarget, resolve: Resolve): LookupFunction => {
  const checked = async (host: string): Promise<readonly Answer[]> => {
    const answers = await resolve(host)
    if (answers.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' })
    if (!answers.every(({ address }) => mayConnect(address, target.addresses)))
      throw forbidden(target)
    return answers
  }
  return (host, options, done) => {
    checked(host).then(
      (answers) => {
        const [first] = answers
        if (options.all === true) done(null, [...answers])
        else done(null, first?.address ?? '', first?.family ?? 4)
      },
      (error: NodeJS.ErrnoException) => done(error, '', 4),
    )
  }
}

export class Pool {
  readonly #resolve: Resolve
  readonly #agents = new Map<string, Agent>()
  readonly #turns = new Map<string, Turns>()
  /** The last address that was written out in a URL of a target's, and whether it may have it. */
  readonly #written = new WeakMap<HttpTarget, readonly [string, boolean]>()
  #closed = false
  constructor(resolve: Resolve) {
    this.#resolve = resolve
  }

  /** Runs `work` in the caller's turn. Throws TARGET_UNREACHABLE, TIMEOUT, CANCELLED, and what `work` throws. */
  async use<T>(session: Session<HttpTarget>, work: (turn: Turn) => Promise<T>): Promise<T> {
    if (this.#closed) throw new GateError('CANCELLED', 'The gateway is stopping.')
    const { target, limits, signal, caller } = session
    const until = performance.now() + limits.seconds * 1_000
    const done = await this.#turnsOf(target.name, limits.concurrency).take(
      JSON.stringify([caller.iss, caller.sub]),
      limits.seconds * 1_000,
      signal,
    )
    try {
      return await work({ until })
    } finally {
      done()
    }
  }

  /**
   * Sends one request. A read that a kept connection lost before its answer is sent once more; nothing else ever is.
   * Throws a GateError.
   */
  async send(
    session: Session<HttpTarget>,
    ask: Ask,
    carried: Pick<Carried, 'headers' | 'tls'>,
    { until }: Turn,
    told: Told,
  ): Promise<Answering> {
    const { target, credential, limits, signal } = session
    const host = ask.url.hostname.replace(/^\[|\]$/g, '')
    // net.connect looks no address up, so one that is written out is checked here.
    if (isIP(host) !== 0 && !this.#may(target, host)) throw forbidden(target)
    const way: Way = {
      agent: false,
      lookup: pinned(target, this.#resolve),
      tls: { ...(target.ca === undefined ? {} : { ca: target.ca }), ...carried.tls },
      connectMs: limits.connectMs,
      until,
      signal,
    }
    // Only what may be sent twice goes over a connection that its other end may have closed.
    const again = !told.writes && reading.has(ask.method)
    const key = JSON.stringify([
      ...[ask.url.origin, target.name, target.addresses, target.ca ?? ''],
      ...[credential.name, credential.version, tlsKey(carried.tls)],
    ])
    const whole = { ...ask, headers: { ...ask.headers, ...carried.headers } }
    try {
      return await exchange(
        whole,
        again ? { ...way, agent: this.#agentOf(key, ask.url, limits.concurrency) } : way,
      )
    } catch (thrown) {
      if (!(thrown instanceof NoAnswer)) throw thrown
      if (!again || !thrown.reused || thrown.stage === 'connect' || !isReset(thrown.cause))
        throw failure(thrown.cause, thrown.stage, told)
    }
    return exchange(whole, way).catch((thrown: unknown) => {
      throw thrown instanceof NoAnswer ? failure(thrown.cause, thrown.stage, told) : thrown
    })
  }

  /** How many connections are open now. */
  get size(): number {
    const count = (sockets: NodeJS.ReadOnlyDict<readonly unknown[]>): number =>
      Object.values(sockets).reduce((sum, list) => sum + (list?.length ?? 0), 0)
    return [...this.#agents.values()].reduce(
      (sum, agent) => sum + count(agent.sockets) + count(agent.freeSockets),
      0,
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #may(target: HttpTarget, address: string): boolean {
    const [asked, allowed] = this.#written.get(target) ?? []
    if (asked === address && allowed !== undefined) return allowed
    const may = mayConnect(address, target.addresses)
    this.#written.set(target, [address, may])
    return may
  }

  #turnsOf(name: string, atOnce: number): Turns {
    const known = this.#turns.get(name) ?? new Turns(name, atOnce)
    this.#turns.set(name, known)
    return known
  }

  #agentOf(key: string, url: URL, most: number): Agent {
    const known = this.#agents.get(key)
    if (known) return known
    const options = {
      keepAlive: true,
      maxFreeSockets: most,
      timeout: idleMs,
      scheduling: 'lifo',
    } as const
    const agent = url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options)
    this.#agents.set(key, agent)
    // The oldest goes: an earlier version of a credential, most likely.
    const [oldest] = this.#agents
    if (this.#agents.size > mostAgents && oldest) {
      this.#agents.delete(oldest[0])
      oldest[1].destroy()
    }
    return agent
  }
}

const isReset = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && ['ECONNRESET', 'EPIPE'].includes(String(cause.code))

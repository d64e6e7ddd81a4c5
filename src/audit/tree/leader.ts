/** One gateway of a log integrates its leaves and has them signed: whoever holds the store's advisory lock. */
import type pg from 'pg'
import type { Entry } from '../../types.ts'
import { connect, type Link } from '../stream/link.ts'
import { openCheckpoints } from './checkpoints.ts'
import { type Integrator, MOST_A_ROUND, openIntegrator } from './integrate.ts'
import { LogContradicted, type NotaryPort } from './notary-port.ts'
import type { AskRows } from './tree-read.ts'

/** Of the database's advisory locks; one log lives in a database. */
const LEADER_LOCK = '4877001130219907'
const CONNECT_MS = 5_000
const STATEMENT_MS = 30_000

export interface LeaderOptions {
  readonly database: pg.ClientConfig
  readonly notary: NotaryPort
  readonly log: string
  /** A stable id of this process, in its events. */
  readonly writer: string
  /** This gateway, where the notary is its own child; left out for a configured one. */
  readonly home?: string
  /** Records a ceremony of the notary's. */
  readonly record: (entry: Entry) => Promise<void>
  /** A checkpoint is stored. */
  readonly signed?: (size: number, note: string) => void
  /** Store and notary contradict each other, and why; undefined when they agree (again). */
  readonly contradicted?: (why: string | undefined) => void
  /** For the operator's log. */
  readonly warn?: (message: string, cause?: unknown) => void
  /** Between two checkpoints; 1,000 unless told. */
  readonly everyMs?: number
  /** Between two tries to lead; 2,000 unless told. */
  readonly standbyMs?: number
  readonly lock?: string
}

export interface Leader {
  readonly leads: boolean
  /** Leaves in the tree as this process knows it; 0 where another leads. */
  treeSize(): number
  signedSize(): number
  /** Integrates and has signed what is there, as far as that goes in `ms`, then gives the lead away. */
  stop(ms?: number): Promise<void>
}

// A leader whose host is gone must not hold the lock for as long as TCP takes by default.
const SESSION =
  'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3'

const tryLock = async (link: Link, lock: string): Promise<boolean> => {
  const { rows } = await link.query(
    { text: 'select pg_try_advisory_lock($1::bigint) as got', values: [lock] },
    STATEMENT_MS,
  )
  return rows[0]?.got === true
}

export const startLeader = (options: LeaderOptions): Leader => {
  const { contradicted, everyMs = 1_000, lock = LEADER_LOCK, standbyMs = 2_000, warn } = options
  let stopping = false
  let over = false
  let wake: () => void = () => undefined
  let leads = false
  let treeSize = 0
  let signedSize = 0
  let said: string | undefined

  const pause = (ms: number): Promise<void> =>
    new Promise((next) => {
      if (stopping) return next()
      const timer = setTimeout(next, ms).unref()
      wake = () => {
        clearTimeout(timer)
        next()
      }
    })

  /** Once for each new trouble. */
  const say = (message: string | undefined, cause?: unknown): void => {
    if (message !== undefined && message !== said) warn?.(message, cause)
    if (message === undefined && said !== undefined) warn?.('the log is signed again')
    said = message
  }

  const trouble = (thrown: unknown): void => {
    if (thrown instanceof LogContradicted) {
      contradicted?.(thrown.message)
      say(thrown.message)
    } else say('the log can not be signed now', thrown)
  }

  const lead = async (link: Link): Promise<void> => {
    const ask: AskRows = async (text, values) =>
      (await link.query({ text, values }, STATEMENT_MS)).rows
    const integrator: Integrator = await openIntegrator(link, STATEMENT_MS)
    const checkpoints = openCheckpoints({
      ask,
      notary: options.notary,
      log: options.log,
      writer: options.writer,
      ...(options.home === undefined ? {} : { home: options.home }),
      record: options.record,
      signed: (size, note) => {
        signedSize = size
        options.signed?.(size, note)
      },
    })
    const round = async (): Promise<void> => {
      for (;;) {
        const added = await integrator.round()
        treeSize = integrator.size
        if (added < MOST_A_ROUND) break
      }
      await checkpoints.round(treeSize)
      signedSize = checkpoints.size
      contradicted?.(undefined)
      say(undefined)
    }
    for (let last = false; !last && !over; ) {
      last = stopping
      try {
        await round()
      } catch (thrown) {
        if (link.broken) throw thrown
        trouble(thrown)
      }
      if (!last) await pause(everyMs)
    }
  }

  const stand = async (): Promise<void> => {
    const link = await connect(
      { ...options.database, application_name: 'countersign-tree' },
      CONNECT_MS,
      STATEMENT_MS,
    )
    try {
      for (const text of SESSION.split('; ')) await link.query({ text, values: [] }, STATEMENT_MS)
      while (!stopping && !(await tryLock(link, lock))) await pause(standbyMs)
      if (stopping) return
      leads = true
      await lead(link)
    } finally {
      leads = false
      if (link.broken) link.destroy()
      else await link.end()
    }
  }

  const running = (async () => {
    while (!stopping) {
      await stand().catch((thrown) =>
        say('the leaves of the log can not be integrated now', thrown),
      )
      await pause(standbyMs)
    }
  })()

  return {
    get leads() {
      return leads
    },
    treeSize: () => treeSize,
    signedSize: () => signedSize,
    async stop(ms = 5_000) {
      stopping = true
      wake()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((next) => {
        timer = setTimeout(() => {
          over = true
          next()
        }, ms)
      })
      await Promise.race([running, late])
      clearTimeout(timer)
    },
  }
}

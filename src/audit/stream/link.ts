/** One connection to the store whose every statement has a deadline; a connection that misses one is destroyed. */
import pg from 'pg'

/** The statement's fate is unknown: the answer did not come in time or the connection broke. */
export class LinkBroken extends Error {
  override readonly name = 'LinkBroken'
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** Parsed once a connection under this name. */
  readonly name?: string
}

export interface Link {
  /** Rows as arrays are never used here: rows are objects of text. Throws LinkBroken or pg.DatabaseError. */
  query(statement: Statement, timeoutMs: number): Promise<pg.QueryResult>
  readonly broken: boolean
  /** At once, without saying goodbye. */
  destroy(): void
  end(): Promise<void>
}

interface Sock {
  readonly connection: { readonly stream: { destroy(): void } }
}

const within = async <T>(work: Promise<T>, ms: number, late: () => void): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late()
      reject(new LinkBroken('the store did not answer in time'))
    }, ms)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}

// A statement that outlives its client would hold the stream's row; the server ends it soon after we gave up.
const session = (timeoutMs: number): string =>
  `set synchronous_commit = on; set statement_timeout = ${timeoutMs}; set lock_timeout = ${timeoutMs};
   set idle_in_transaction_session_timeout = ${timeoutMs * 2}; set default_transaction_isolation = 'read committed'; set plan_cache_mode = force_generic_plan`

/** Connects within `timeoutMs`, else throws LinkBroken; each statement of the session may take `statementMs`. */
export const connect = async (
  config: pg.ClientConfig,
  timeoutMs: number,
  statementMs: number,
): Promise<Link> => {
  // What is asked while an answer is on its way goes out at once (PostgreSQL, "pipelining"); pg's types don't know it yet.
  const client = new pg.Client({
    application_name: 'countersign-log',
    keepAlive: true,
    ...config,
    pipeline: true,
  } as pg.ClientConfig)
  let broken = false
  const destroy = (): void => {
    broken = true
    // `end()` waits for the server; the stream is not in pg's types.
    ;(client as unknown as Sock).connection.stream.destroy()
  }
  client.on('error', () => {
    broken = true
  })
  const guarded = async <T>(work: () => Promise<T>, ms: number): Promise<T> => {
    try {
      return await within(work(), ms, destroy)
    } catch (thrown) {
      if (thrown instanceof LinkBroken) throw thrown
      if (thrown instanceof pg.DatabaseError && !broken) throw thrown
      broken = true
      throw new LinkBroken('the connection to the store broke', { cause: thrown })
    }
  }
  try {
    await guarded(() => client.connect(), timeoutMs)
    await guarded(() => client.query(session(statementMs)), timeoutMs)
  } catch (thrown) {
    destroy()
    throw thrown
  }
  return {
    get broken() {
      return broken
    },
    query: ({ text, values, name }, ms) =>
      guarded(
        () =>
          client.query({
            text,
            values: [...values],
            ...(name ? { name } : {}),
            queryMode: 'extended',
          } as pg.QueryConfig),
        ms,
      ),
    destroy,
    end: () => within(client.end(), 1000, destroy).catch(() => undefined),
  }
}

/** Throws when the server may answer COMMIT before the bytes are on disk. */
export const requireDurable = async (link: Link, timeoutMs: number): Promise<void> => {
  const text = `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')`
  const { rows } = await link.query({ text, values: [] }, timeoutMs)
  const off = rows.filter(({ setting }) => setting === 'off').map(({ name }) => String(name))
  if (off.length > 0) throw new Error(`the store is not durable: ${off.join(', ')} = off`)
}

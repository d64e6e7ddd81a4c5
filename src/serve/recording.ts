/** The log of this gateway: its stream, the tree over all streams, its reader, and what it counts of refused sign-ins. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type LogReader, openReader } from '../audit/reading/read.ts'
import type { LogStore } from '../audit/stream/connection.ts'
import { openSpool, type Spool } from '../audit/stream/spool.ts'
import { type OpenLog, openLog } from '../audit/stream/stream.ts'
import { openUnsigned } from '../audit/stream/unsigned.ts'
import { identified } from '../identity/caller.ts'
import { countRefusals, type Refusals } from '../identity/refusals.ts'
import type { Caller } from '../types.ts'
import { buildHash } from './build.ts'
import type { Ground } from './ground.ts'
import type { Start } from './start.ts'
import { startTree, type Tree } from './tree.ts'

export interface Recording {
  /** Whom the log names where the gateway itself acts. */
  readonly self: Caller
  readonly logStore: LogStore
  readonly spool: Spool
  readonly log: OpenLog
  readonly tree: Tree
  readonly reader: LogReader
  readonly refusals: Refusals
}

const defaultUnsignedMs = 60_000

/** Throws CONFIG_INVALID, AUDIT_UNAVAILABLE. */
export const openRecording = async (
  { closing, config, logger, options }: Start,
  { env, keys, store, vault }: Ground,
): Promise<Recording> => {
  const self = identified({
    iss: 'gateway',
    sub: 'gateway',
    client: '',
    groups: [],
    via: 'gateway',
    auth: 'gateway',
    session: 'gateway',
    origin: {},
  })
  const warn = (message: string, cause?: unknown): void => logger.warn({ err: cause }, message)
  const writer = `${hostname()}:${process.pid}`
  const logStore = {
    database: store.connection,
    pool: store.pool,
    keys,
    log: config.log.name,
    writer,
    build: buildHash(),
    warn,
  }
  if (config.log.notary === undefined)
    logger.warn(
      "No log.notary is configured: a notary of this gateway's own signs the log, under the gateway's own account. Who takes over that account can sign too.",
    )
  const unsigned = openUnsigned({ maxMs: config.log.notary?.maxUnsignedMs ?? defaultUnsignedMs })
  // Closed after the log: its last events are signed too.
  let opened: Tree | undefined
  closing.add(async () => opened?.stop())
  const spool = openSpool(join(config.state, 'spool'), keys)
  const log = await openLog({
    ...logStore,
    spool,
    gates: [unsigned.gate],
    about: {
      version: options.version,
      store: store.kind,
      local: config.identity.local !== undefined,
    },
  })
  closing.add(() => log.close())
  const tree = await startTree({ config, store, log, writer, vault, env, unsigned, warn })
  opened = tree
  const refusals = countRefusals(async (counts) => {
    await log.append([
      {
        type: 'audit.refused',
        actor: { iss: self.iss, sub: self.sub, client: '', groups: [] },
        origin: { via: self.via, session: self.session, auth: self.auth },
        detail: Object.fromEntries(
          Object.entries(counts).map(([kind, count]) => [kind, String(count)]),
        ),
      },
    ])
  })
  closing.add(() => refusals.close())
  return { self, logStore, spool, log, tree, reader: openReader(logStore), refusals }
}

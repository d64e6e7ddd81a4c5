/** What the log is made evidence by, put together: the leader that integrates, its notary, the anchors. */
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { type Anchored, type AnchorPlace, startAnchors } from '../audit/anchor/anchor.ts'
import { folderAnchor } from '../audit/anchor/anchor-folder.ts'
import { s3Anchor } from '../audit/anchor/anchor-s3.ts'
import type { OpenLog } from '../audit/stream/stream.ts'
import type { Unsigned } from '../audit/stream/unsigned.ts'
import { startLeader } from '../audit/tree/leader.ts'
import { type AskRows, readMeta, writeMeta } from '../audit/tree/tree-read.ts'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import type { Store } from '../store/port.ts'
import type { Vault } from '../types.ts'
import { readRef, type SecretEnvironment } from '../vault/refs.ts'
import { startEmbeddedNotary } from './embedded-notary.ts'
import { early } from './evidence.ts'
import { notaryClient } from './notary-client.ts'

export interface TreeOptions {
  readonly config: Config
  readonly store: Pick<Store, 'pool' | 'connection'>
  readonly log: Pick<OpenLog, 'append' | 'head' | 'streamId'>
  readonly writer: string
  readonly vault: Vault
  readonly env: SecretEnvironment
  readonly unsigned: Unsigned
  readonly warn: (message: string, cause?: unknown) => void
}

export interface Tree {
  /** This gateway integrates the log and has it signed. */
  leads(): boolean
  readonly gauges: Readonly<Record<string, { help: string; read(): number }>>
  /** Has the log's last events signed, then ends; call it when the log is closed. */
  stop(): Promise<void>
}

const anchored = z.object({ file: z.string(), note: z.string() })

// Only leaves of the signed part are looked at, from the newest down.
const SIGNED_SEQ = `select coalesce((select seq from audit.leaf where stream_id = $1
    and idx < (select coalesce(max(size), 0) from audit.checkpoint)
  order by seq desc limit 1), 0)::text as seq`

const placesOf = (config: Config, vault: Vault): readonly AnchorPlace[] =>
  config.log.anchors.map((anchor) => {
    if (anchor.kind === 'dir') return folderAnchor(anchor.dir)
    const { bucket, credentials, endpoint, prefix, region, retainDays } = anchor
    return s3Anchor({
      bucket,
      endpoint,
      region,
      prefix,
      retainDays,
      async credentials() {
        const lease = await vault.lease(credentials, 'anchor')
        try {
          const fields = lease.credential.reveal()
          return {
            accessKeyId: fields.accessKeyId ?? fields.username ?? '',
            secretAccessKey: fields.secretAccessKey ?? fields.password ?? '',
            sessionToken: fields.sessionToken,
          }
        } finally {
          await lease.end()
        }
      },
    })
  })

const openNotary = async ({ config, env, warn }: TreeOptions) => {
  const { notary } = config.log
  if (notary === undefined) {
    const child = await startEmbeddedNotary(config.state, config.log.name, warn)
    return { port: notaryClient(child.address), stop: child.stop }
  }
  if (notary.token === undefined)
    throw new GateError(
      'CONFIG_INVALID',
      'log.notary needs the token of its feed: log.notary.token.',
    )
  const token = (await readRef(early(notary.token, 'log.notary.token'), env)).trim()
  return {
    port: notaryClient(async () => ({ url: notary.url, token })),
    stop: async () => undefined,
  }
}

/** Throws CONFIG_INVALID. */
export const startTree = async (options: TreeOptions): Promise<Tree> => {
  const { config, log, store, unsigned, vault, warn, writer } = options
  const ask: AskRows = async (text, values) => (await store.pool.query(text, [...values])).rows
  const notary = await openNotary(options)
  const recall = async (place: string): Promise<Anchored | undefined> => {
    const text = await readMeta(ask, `log.anchor ${place}`)
    return text === undefined ? undefined : anchored.safeParse(JSON.parse(text)).data
  }
  const anchors = startAnchors({
    places: placesOf(config, vault),
    recall,
    remember: (place, kept) => writeMeta(ask, `log.anchor ${place}`, JSON.stringify(kept)),
    alarm: warn,
  })
  const leader = startLeader({
    database: store.connection,
    notary: notary.port,
    log: config.log.name,
    writer,
    ...(config.log.notary ? {} : { home: `${hostname()}:${resolve(config.state)}` }),
    record: async (entry) => {
      await log.append([entry])
    },
    signed(_size, note) {
      unsigned.look()
      anchors.offer(note)
    },
    contradicted: unsigned.contradicted,
    warn,
  })
  unsigned.watch({
    head: () => BigInt(log.head().seq),
    signed: async () => BigInt(String((await ask(SIGNED_SEQ, [log.streamId]))[0]?.seq)),
  })
  return {
    leads: () => leader.leads,
    gauges: {
      log_unsigned_seconds: {
        help: "Age of this gateway's oldest unsigned event.",
        read: () => unsigned.ageMs() / 1_000,
      },
      log_leads: {
        help: '1 where this gateway integrates the log and has it signed.',
        read: () => (leader.leads ? 1 : 0),
      },
      log_tree_size: { help: 'Events in the tree, on the leader.', read: leader.treeSize },
      log_signed_size: { help: 'Events that are signed, on the leader.', read: leader.signedSize },
      log_anchor_lag_seconds: {
        help: 'How long the oldest checkpoint waits that some anchor has not taken.',
        read: () => anchors.lagMs() / 1_000,
      },
      log_anchors_lost: {
        help: 'Anchors that were found gone or changed.',
        read: anchors.lost,
      },
    },
    async stop() {
      unsigned.stop()
      await leader.stop()
      await anchors.stop()
      await notary.stop()
    },
  }
}

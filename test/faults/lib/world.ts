/** What most cases begin with: a store of their own, a target, a gateway that serves, and the histories of all three. */
import type pg from 'pg'
import { adminOf, type Cluster, type ClusterOptions, openCluster } from './cluster.ts'
import type { Kit } from './fault.ts'
import { type Gateway, type GatewayOptions, openGateway } from './gateway.ts'
import { type History, openHistory } from './history.ts'
import { type Judgement, judge, type Noted, notedCheckpoint, settled } from './judge.ts'
import { openTarget, type Target } from './target.ts'
import { eventually } from './wait.ts'

export interface World {
  readonly cluster: Cluster
  readonly admin: pg.Pool
  readonly target: Target
  readonly history: History
  readonly gateway: Gateway
  /** Another gateway on the same store and target, not started. */
  another(name: string, over?: Partial<GatewayOptions>): Promise<Gateway>
  /** Notes the newest checkpoint, which must hold to the end. */
  note(): Promise<Noted>
  /** Waits until all has settled, then judges the whole. */
  judge(): Promise<Judgement>
}

export interface WorldOptions {
  readonly cluster?: ClusterOptions
  readonly gateway?: Partial<GatewayOptions>
  /** Of its first gateway; `g1` unless told. */
  readonly name?: string
  /** The gateway is configured and not started. */
  readonly start?: false
}

export const openWorld = async (kit: Kit, options: WorldOptions = {}): Promise<World> => {
  const cluster = await openCluster(kit, options.cluster)
  const admin = adminOf(kit, cluster)
  const target = await openTarget(kit)
  const history = openHistory()
  const gateways: Gateway[] = []
  const noted: Noted[] = []
  const another = async (name: string, over: Partial<GatewayOptions> = {}): Promise<Gateway> => {
    const one = await openGateway(kit, {
      storeUrl: cluster.writerUrl,
      target,
      ...options.gateway,
      name,
      ...over,
    })
    gateways.push(one)
    return one
  }
  const gateway = await another(options.name ?? 'g1')
  if (options.start !== false) await gateway.start()
  return {
    cluster,
    admin,
    target,
    history,
    gateway,
    another,
    async note() {
      const one = await notedCheckpoint(admin)
      noted.push(one)
      return one
    },
    async judge() {
      await settled(admin)
      return judge({ admin, target, history, gateways, noted })
    },
  }
}

/** `code` of a refusal, `ok`, or why there was no answer. */
export const cameOf = (one: {
  readonly answer?: { readonly status: string; readonly refused?: { readonly code: string } }
  readonly failure?: string
}): string => one.answer?.refused?.code ?? one.answer?.status ?? `no answer (${one.failure ?? ''})`

/** Calls that a cold gateway makes for itself (identities, catalogues) are made, so that the next call meets a failpoint alone. Two effects. */
export const warm = async ({ gateway, history, note }: World): Promise<void> => {
  await history.sql(gateway)
  await history.http(gateway)
  await history.read(gateway)
  await note()
}
/** Effects of `warm`. */
export const warmth = 2

/** Time passes: the leases of streams that are open run out. For streams whose processes are dead; a living one renews its own. */
export const expire = async (admin: pg.Pool): Promise<void> => {
  await admin.query(
    'update audit.stream set lease_until = clock_timestamp() where closed_at is null',
  )
}

/** Resolves when one gateway's stream is open and every other was closed or taken over. */
export const alone = (admin: pg.Pool): Promise<boolean> =>
  eventually('the streams of the dead are taken over', 60_000, async () => {
    const { rows } = await admin.query<{ open: number }>(
      'select count(*)::int as open from audit.stream where closed_at is null',
    )
    return rows[0]?.open === 1
  })

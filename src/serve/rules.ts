/** Who may do what, and what held calls wait for: tools, policy, pauses, approvals, erasures; and the ends of what others left open. */
import { openApprovals } from '../approvals/approvals.ts'
import { startRecovery } from '../audit/recovery/recover.ts'
import { policyGuard, refuseEmptyPolicies } from '../guards/index.ts'
import type { PolicyGuard } from '../guards/policy/guard.ts'
import { localIssuer } from '../identity/local.ts'
import { answering, patient } from '../store/connect.ts'
import { openTools, type Tools } from '../tools/index.ts'
import type { Approvals, Target } from '../types.ts'
import { subKey } from '../vault/key-wrap.ts'
import { type Erasures, openErasures } from './erasures.ts'
import type { Ground } from './ground.ts'
import { openPauses, type Pauses } from './pauses.ts'
import { openProofs } from './proofs.ts'
import { publish } from './published.ts'
import type { Recording } from './recording.ts'
import { resolver } from './resolve.ts'
import { finishErasures, startRetention } from './retention.ts'
import type { Start } from './start.ts'

export interface Rules {
  readonly tools: Tools
  readonly targets: ReadonlyMap<string, Target>
  readonly policy: PolicyGuard
  readonly pauses: Pauses
  readonly approvals: Approvals
  readonly erasures: Erasures
}

const sweepMs = 5_000

/** Throws CONFIG_INVALID, AUDIT_UNAVAILABLE. */
export const openRules = async (
  { closing, config, failed, logger, options }: Start,
  { key, keys, mask, store, vault }: Ground,
  { log, logStore, self, spool, tree }: Recording,
): Promise<Rules> => {
  const tools = openTools()
  closing.add(async () => {
    for (const family of tools.families.values()) await family.close()
  })
  refuseEmptyPolicies(config.policies)
  const policy = policyGuard({
    tools: tools.tools,
    grants: config.grants,
    files: config.policies,
    targets: config.targets.map(({ name }) => name),
  })
  for (const warning of policy.warnings) logger.warn(warning)
  const pauses = await openPauses(store, log, failed)
  closing.add(() => pauses.close())
  const approvers = new Map(
    config.identity.approvers.map((approver) => [approver.subject, approver]),
  )
  const approvals = await openApprovals({
    pool: answering(store.pool),
    log,
    keys,
    self,
    mask,
    proofs: openProofs(
      config.identity.approvers,
      config.identity.issuers.map(({ issuer }) => issuer),
      subKey(key, 'approvals'),
    ),
    listen: store.listen,
    groupsNow: (iss, sub) =>
      iss === localIssuer ? (approvers.get(sub)?.groups ?? 'gone') : undefined,
  })
  closing.add(() => approvals.close())
  const sweeping = setInterval(() => void approvals.sweep().catch(failed), sweepMs)
  closing.add(async () => clearInterval(sweeping))
  await publish(config, options.configHash, policy, { store, log, self })
  const targets = new Map(config.targets.map((target) => [target.name, target]))
  const recovery = startRecovery({
    ...logStore,
    to: log,
    spool,
    resolve: resolver(targets, tools, vault),
  })
  closing.add(() => recovery.stop())
  const erasures = openErasures({
    config,
    log,
    ask: async (text, values) =>
      (await store.pool.query({ ...patient, text, values: [...values] })).rows,
  })
  if (config.log.retention.length > 0) {
    const retention = startRetention({
      leads: tree.leads,
      name: () => erasures.retain(self, new Date()),
      // Only the embedded store's owner is ours to be; a store by URL is emptied by a login that the gateway must not have.
      ...(store.kind === 'embedded'
        ? { finish: () => finishErasures({ state: config.state }, config) }
        : {}),
      tell: (done) => logger.info(done, 'retention'),
      failed,
    })
    closing.add(() => retention.stop())
  }
  return { tools, targets, policy, pauses, approvals, erasures }
}

/** What became of a prepared SQL write, asked of its target by the recorded transaction id. */
import type { Resolve } from '../audit/recovery/recover.ts'
import type { Tools } from '../tools/index.ts'
import type { Target, Vault } from '../types.ts'

export const resolver =
  (targets: ReadonlyMap<string, Target>, { families, resolveXid }: Tools, vault: Vault): Resolve =>
  async (intent, detail) => {
    const target = targets.get(intent.target ?? '')
    const { xid } = detail
    const purpose = target && ['read', 'write'].find((name) => name in target.credentials)
    if (target?.kind !== 'postgres' || typeof xid !== 'string' || purpose === undefined)
      return 'unknown'
    const lease = await vault.lease(target.credentials[purpose] ?? '', intent.call_id ?? '')
    try {
      const session = {
        callId: intent.call_id ?? '',
        target,
        credential: lease.credential,
        limits: target.limits,
        signal: AbortSignal.timeout(target.limits.connectMs + 5_000),
        caller: { iss: 'gateway', sub: 'gateway', groups: [] },
        prepared: async () => undefined,
      }
      // Another server under the same name knows nothing of this transaction id, or worse, of another with the same.
      const identity = await families.get('postgres')?.identify(session)
      if (identity !== intent.target_identity) return 'unknown'
      const state = await resolveXid(session, xid)
      return state === 'committed' || state === 'aborted' ? state : 'unknown'
    } finally {
      await lease.end()
    }
  }

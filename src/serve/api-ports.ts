/** The API's ports, filled: status, proofs, approvals, stories, secrets, pauses. */
import type { ApiPorts } from '../api/ports.ts'
import type { LogReader } from '../audit/reading/read.ts'
import type { OpenLog } from '../audit/stream/stream.ts'
import type { Config } from '../config/types.ts'
import { asGateError } from '../errors.ts'
import type { Caller, Need } from '../types.ts'
import type { SecretStore } from '../vault/secrets.ts'
import type { Metrics } from './metrics.ts'
import type { Pauses } from './pauses.ts'
import { storyTeller } from './story.ts'

export const apiPorts = (by: {
  readonly config: Config
  readonly options: { readonly version: string; readonly configHash: string }
  readonly log: OpenLog
  readonly reader: LogReader
  readonly metrics: Metrics
  readonly approvals: ApiPorts['approvals']
  readonly pauses: Pauses
  readonly erasures: ApiPorts['erasures']
  /** Every policy in force, with whom it asks for. */
  readonly policies: readonly { readonly need?: Need | undefined }[]
  readonly secrets: SecretStore
  readonly provePassphrase: ApiPorts['provePassphrase']
  readonly proveBearer: ApiPorts['proveBearer']
  readonly refused: ApiPorts['refused']
  readonly failed: ApiPorts['failed']
}): ApiPorts => {
  const { config, log, secrets } = by
  const asked = new Set(by.policies.flatMap(({ need }) => need?.groups ?? []))
  const named = new Set(config.identity.approvers.map(({ subject }) => subject))
  const ready = async () => {
    try {
      log.ready()
      return { ready: true }
    } catch (thrown) {
      return { ready: false, reason: asGateError(thrown).message }
    }
  }
  return {
    status: async () => ({
      version: by.options.version,
      config: by.options.configHash,
      pid: process.pid,
      ready: (await ready()).ready,
      stream: log.streamId,
      sequence: log.head().seq,
    }),
    ready,
    metrics: by.metrics.read,
    provePassphrase: by.provePassphrase,
    proveBearer: by.proveBearer,
    // Each approval asks for its own groups besides; this is who may come to the counter at all.
    isApprover: ({ auth, sub, groups }: Caller) =>
      auth === 'passphrase'
        ? named.has(sub)
        : auth === 'oidc' && groups.some((group) => asked.has(group)),
    approvals: by.approvals,
    callsOf: by.reader.callsOf,
    showCall: storyTeller(by.reader, log),
    secrets: {
      list: async () => (await secrets.list()).map((secret) => ({ ...secret })),
      set: async (key, value, who) => {
        await log.append(
          [
            {
              type: 'secret.set',
              actor: { iss: who.iss, sub: who.sub, client: who.client, groups: who.groups },
              origin: { via: who.via, session: who.session, auth: who.auth },
              detail: { secret: key },
            },
          ],
          secrets.set(key, value, who.sub),
        )
      },
    },
    pauses: by.pauses,
    erasures: by.erasures,
    refused: by.refused,
    failed: by.failed,
  }
}

/** Facts with what the target itself tells: its catalogue, read once with the credential that reads. Without a gateway and its log. */
import { randomUUID } from 'node:crypto'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import type { BaseFacts, Credential, Family, Session, Target, TargetKind, Tool } from '../types.ts'
import { credentialOf } from '../vault/credential.ts'
import { readRef } from '../vault/refs.ts'

/** Facts of an input of a tool on a target. Throws GateError as the tool does. */
export type FactsFor = (tool: Tool, input: unknown, target: Target) => Promise<BaseFacts>

export interface Live {
  readonly factsFor: FactsFor
  close(): Promise<void>
}

/** Looks at each target at most once. Facts throw TARGET_UNREACHABLE when it can't be looked at from here. */
export const liveFacts = (config: Config, families: ReadonlyMap<TargetKind, Family>): Live => {
  const seen = new Map<string, Promise<unknown>>()

  const look = (target: Target): Promise<unknown> => {
    const found = seen.get(target.name)
    if (found !== undefined) return found
    const looking = describe(config, families.get(target.kind), target)
    seen.set(target.name, looking)
    return looking
  }

  return {
    factsFor: (tool, input, target) =>
      // Each family knows the type of its own catalogue.
      tool.facts(input, { target, catalogue: async <C>() => (await look(target)) as C }),
    close: async () => {
      for (const family of families.values()) await family.close()
    },
  }
}

const describe = async (
  config: Config,
  family: Family | undefined,
  target: Target,
): Promise<unknown> => {
  if (family === undefined)
    throw new GateError('TARGET_UNREACHABLE', `Nothing here can look at ${target.name}.`)
  const session: Session = {
    callId: randomUUID(),
    target,
    credential: await credential(config, target),
    limits: target.limits,
    signal: AbortSignal.timeout(target.limits.seconds * 1000),
    caller: { iss: 'local', sub: 'countersign policy', groups: [] },
    prepared: () => Promise.reject(new Error('nothing is changed here')),
  }
  return family.describe(session)
}

const credential = async (config: Config, target: Target): Promise<Credential> => {
  const { read, run } = target.credentials
  const name = read ?? run ?? ''
  const ref = config.credentials[name]
  if (ref === undefined || ref.kind === 'store')
    throw new GateError(
      'TARGET_UNREACHABLE',
      `The credential of ${target.name} is in the store, which only the gateway opens.`,
      { hint: 'Give what was found with --facts.' },
    )
  const text = await readRef(ref, { read: (variable) => process.env[variable] })
  return credentialOf(name, text).credential
}

/** What facts may know of a target: its identity and catalogue, read by the gateway's own recorded calls and kept for a minute. */
import { asGateError, GateError } from '../errors.ts'
import type { Family, Look, Target } from '../types.ts'
import * as entries from './entries.ts'
import { execute } from './execute.ts'
import { uuidv7 } from './id.ts'
import type { Ports } from './ports.ts'

interface Seen {
  readonly identity: string
  readonly catalogue: unknown
  readonly at: number
}

export interface Looks {
  look(target: Target): Look
  /** Identity of the target as it is now (`fresh`: the catalogue is read anew, too), or as last seen. */
  identity(target: Target, options?: { fresh?: boolean }): Promise<string>
}

const keptMs = 60_000
/** `fresh` asks at most this often, so that an agent can't make the gateway flood a target. */
const freshMs = 1_000
/** A target that failed is not asked again at once. */
const failedMs = 1_000

export const openLooks = (ports: Ports): Looks => {
  const seen = new Map<string, Seen>()
  const failed = new Map<string, { error: GateError; at: number }>()
  const pending = new Map<string, Promise<Seen>>()

  const current = (target: Target, maxAgeMs: number): Promise<Seen> => {
    const have = seen.get(target.name)
    if (have && performance.now() - have.at < maxAgeMs) return Promise.resolve(have)
    const under = pending.get(target.name)
    if (under) return under
    const before = failed.get(target.name)
    if (before && performance.now() - before.at < failedMs) return Promise.reject(before.error)
    const loading = load(target, ports).then(
      (got) => {
        seen.set(target.name, got)
        failed.delete(target.name)
        return got
      },
      (thrown: unknown) => {
        failed.set(target.name, { error: asGateError(thrown), at: performance.now() })
        throw thrown
      },
    )
    pending.set(target.name, loading)
    const over = () => pending.delete(target.name)
    loading.then(over, over)
    return loading
  }

  return {
    look: (target) => ({
      target,
      // Each family knows the type of its own catalogue.
      catalogue: async <C>(options?: { fresh?: boolean }) =>
        (await current(target, options?.fresh ? freshMs : keptMs)).catalogue as C,
    }),
    // Fresh for the one run of what a person approved, so not oftener than people approve.
    identity: async (target, options) =>
      (await current(target, options?.fresh ? 0 : keptMs)).identity,
  }
}

const load = async (target: Target, ports: Ports): Promise<Seen> => {
  const family: Family | undefined = ports.families.get(target.kind)
  if (!family) throw new GateError('INTERNAL', `No tools for targets of kind ${target.kind}.`)
  const known: entries.Known = {
    callId: uuidv7(),
    caller: ports.self,
    tool: `${target.kind}.describe`,
    target: target.name,
  }
  const purpose = ['read', 'run', 'write'].find((name) => name in target.credentials) ?? 'read'
  let got: Omit<Seen, 'at'> | undefined
  const finished = await execute(
    {
      known,
      target,
      purpose,
      masking: [],
      callerView: ports.self,
      before: [],
      intent: { ...entries.intent(known, undefined), effect: 'read' },
      writes: false,
      run: async (session) => {
        const identity = await family.identify(session)
        const catalogue = await family.describe(session)
        got = { identity, catalogue }
        return { kind: 'fields', fields: { identity } }
      },
    },
    ports,
    new AbortController(),
  )
  if (!finished.ok) throw finished.error
  if (!got) throw new GateError('INTERNAL', 'The target was described without a result.')
  return { ...got, at: performance.now() }
}

/** Targets, sessions and looks of the Kubernetes tools, as the gateway would make them, with the real masking. */
import { randomBytes } from 'node:crypto'
import type { GateError } from '../../src/errors.ts'
import { openMasker } from '../../src/masking/masker.ts'
import { type KubeFamily, kubeFamily } from '../../src/tools/kube/index.ts'
import type {
  Effect,
  FactValue,
  Json,
  KubernetesTarget,
  Limits,
  Look,
  Session,
  Tool,
} from '../../src/types.ts'

export const limits: Limits = {
  rows: 1_000,
  bytes: 1_048_576,
  cellBytes: 65_536,
  seconds: 10,
  connectMs: 2_000,
  lockMs: 500,
  concurrency: 4,
}

export const targetOf = (
  kubeconfig: string,
  over: Partial<KubernetesTarget> = {},
): KubernetesTarget => ({
  kind: 'kubernetes',
  name: 'main',
  labels: {},
  credentials: {},
  limits,
  kubeconfig,
  impersonate: false,
  ...over,
})

export interface Given {
  readonly signal?: AbortSignal
  readonly sub?: string
  readonly groups?: readonly string[]
  /** The preview that approvers saw. */
  readonly approved?: Json
  readonly credential?: Readonly<Record<string, string>>
}

export const sessionOf = (
  target: KubernetesTarget,
  given: Given = {},
  prepared: Record<string, string>[] = [],
): Session<KubernetesTarget> => ({
  callId: 'call',
  target,
  credential: given.credential
    ? {
        name: 'leased',
        version: JSON.stringify(given.credential).length.toString(),
        reveal: () => given.credential ?? {},
      }
    : { name: '', version: '', reveal: () => ({}) },
  limits: target.limits,
  signal: AbortSignal.any([
    AbortSignal.timeout(target.limits.seconds * 1_000),
    ...(given.signal ? [given.signal] : []),
  ]),
  caller: { iss: 'test', sub: given.sub ?? 'ana', groups: given.groups ?? [] },
  ...(given.approved === undefined ? {} : { approved: given.approved }),
  prepared: async (detail) => {
    prepared.push({ ...detail })
  },
})

export interface Ran {
  readonly effect: Effect
  readonly policy: Readonly<Record<string, FactValue>>
  /** As the agent gets it: masked. */
  readonly out: { readonly [key: string]: Json }
  readonly text: string
  readonly timeline: number
}

/** The tools on one target: input through the schema, facts, run, masking. */
export const openKit = (target: KubernetesTarget, given: Given = {}) => {
  const opened: KubeFamily = kubeFamily()
  const masker = openMasker({ tokenKey: randomBytes(32), knownSecrets: () => [] })
  let catalogue: unknown
  const look: Look<KubernetesTarget> = {
    target,
    catalogue: async <C>(options?: { fresh?: boolean }) => {
      if (options?.fresh || catalogue === undefined)
        catalogue = await opened.family.describe({
          ...sessionOf(target, { ...given, sub: 'gateway' }),
          signal: AbortSignal.timeout(10_000),
        })
      return catalogue as C
    },
  }
  const tool = (name: string): Tool => {
    const found = opened.tools.find((one) => one.name === name)
    if (!found) throw new Error(`no tool ${name}`)
    return found
  }
  const prepared: Record<string, string>[] = []
  const facts = (name: string, input: Record<string, unknown>) =>
    tool(name).facts(tool(name).input.parse({ target: target.name, ...input }), look as Look)
  return {
    opened,
    tool,
    look,
    prepared,
    facts,
    run: async (name: string, input: Record<string, unknown>, more: Given = {}): Promise<Ran> => {
      const parsed = tool(name).input.parse({ target: target.name, ...input })
      const found = await tool(name).facts(parsed, look as Look)
      const session = sessionOf(target, { ...given, ...more }, prepared)
      const output = await tool(name).run(parsed, found, session as Session)
      const masked = await masker.output(output, { target, profile: [], known: output.known ?? [] })
      return {
        effect: found.effect,
        policy: found.policy,
        out: JSON.parse(masked.json) as Ran['out'],
        text: masked.json,
        timeline: masked.timeline?.length ?? 0,
      }
    },
    preview: async (
      name: string,
      input: Record<string, unknown>,
      more: Given = {},
    ): Promise<Ran['out']> => {
      const parsed = tool(name).input.parse({ target: target.name, ...input })
      const found = await tool(name).facts(parsed, look as Look)
      const made = await tool(name).preview?.(
        parsed,
        found,
        sessionOf(target, { ...given, ...more }) as Session,
      )
      const masked = await masker.output(
        { kind: 'fields', fields: made ?? {} },
        { target, profile: [], known: [] },
      )
      return JSON.parse(masked.json) as Ran['out']
    },
    close: () => opened.family.close(),
  }
}
export type Kit = ReturnType<typeof openKit>

/** What the agent would hear: code, message and hint in one text. */
export const refusalOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run
  } catch (thrown) {
    const { code, message, teaching } = thrown as GateError
    return `${code}: ${message} ${teaching?.hint ?? ''}`
  }
  return 'it ran'
}

/** A target and a session of it, as the gateway would hand them to a tool. */
import type { Credential, Limits, Output, Session, SshTarget, Tool } from '../../src/types.ts'

export const limits: Limits = {
  rows: 100,
  bytes: 1_000_000,
  cellBytes: 1000,
  seconds: 20,
  connectMs: 3000,
  lockMs: 1000,
  concurrency: 4,
}

export const targetOf = (
  port: number,
  hostKeys: readonly string[],
  more: Partial<SshTarget> = {},
): SshTarget => ({
  kind: 'ssh',
  name: 'web-1',
  labels: {},
  credentials: { run: 'key' },
  limits,
  host: '127.0.0.1',
  port,
  user: 'deploy',
  hostKeys,
  shell: 'sh',
  path: '/usr/local/bin:/usr/bin:/bin',
  roots: [],
  sensitive: [],
  programs: {},
  forcedCommand: false,
  ...more,
})
export const credentialOf = (
  secret: Readonly<Record<string, string>>,
  version = '1',
): Credential => ({ name: 'key', version, reveal: () => secret })

export interface SessionOptions {
  readonly limits?: Partial<Limits>
  readonly signal?: AbortSignal
  readonly caller?: string
}
export const sessionOf = (
  target: SshTarget,
  credential: Credential,
  more: SessionOptions = {},
): Session<SshTarget> => ({
  callId: 'call',
  target,
  credential,
  limits: { ...target.limits, ...more.limits },
  signal: more.signal ?? new AbortController().signal,
  caller: { iss: 'i', sub: more.caller ?? 'ana', groups: [] },
  prepared: async () => {},
})

/** The whole way of a call: input, facts, run. */
export const call = async (
  tools: readonly Tool[],
  name: string,
  given: object,
  session: Session<SshTarget>,
): Promise<Output> => {
  const tool = tools.find((t) => t.name === name)
  if (!tool) throw new Error(`no tool ${name}`)
  const input = tool.input.parse({ target: session.target.name, ...given })
  const facts = await tool.facts(input, {
    target: session.target,
    catalogue: async () => null as never,
  })
  return tool.run(input, facts, session)
}
export const text = (output: Output, stream: 'stdout' | 'stderr' = 'stdout'): string => {
  if (output.kind !== 'process') throw new Error(`no process: ${output.kind}`)
  return Buffer.concat(
    output.chunks.filter((c) => c.stream === stream).map((c) => c.bytes),
  ).toString('utf8')
}
export const fieldsOf = (output: Output): Readonly<Record<string, unknown>> => {
  if (output.kind === 'table') throw new Error('a table')
  return output.fields
}

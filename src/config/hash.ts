/** One configuration told from another: a gateway and those who join it must have the same. */
import { createHash } from 'node:crypto'
import type { Config } from './types.ts'

/** `sha256:` of everything that the configuration decides, policies' texts included; its place and its comments don't count. */
export const configHash = (config: Config): string => {
  const { file: _file, warnings: _warnings, policies, ...rest } = config
  const decided = { ...rest, policies: policies.map(({ text }) => text) }
  return `sha256:${createHash('sha256').update(stable(decided)).digest('hex')}`
}

const stable = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  )

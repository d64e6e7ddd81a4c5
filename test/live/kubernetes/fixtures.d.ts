import type { Cluster } from './cluster.js'

export const secretValues: Readonly<Record<'password' | 'config' | 'short', string>>
/** Parts of Secrets that must come back by no way. */
export const canaries: readonly string[]
/** Puts everything there and waits until the pods run. */
export const furnish: (cluster: Cluster) => Promise<void>

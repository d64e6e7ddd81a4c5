/** What can be reached: one configured database, cluster, host or HTTP service. */
import type { Fields } from './json.ts'

/** Ordered: read < write < admin. */
export type Effect = 'read' | 'write' | 'admin'

export interface Limits {
  readonly rows: number
  /** Bytes of masked output that one call may return. */
  readonly bytes: number
  readonly cellBytes: number
  /** Wall time of one run. */
  readonly seconds: number
  readonly connectMs: number
  readonly lockMs: number
  /** Runs at once on this target; more wait in a bounded, fair queue. */
  readonly concurrency: number
}

interface TargetCommon {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** purpose (`read`, `write`, `run`) -> name of a credential */
  readonly credentials: Readonly<Record<string, string>>
  readonly limits: Limits
}
export type ColumnAction = 'redact' | 'partial' | 'token' | 'pass'
export interface PostgresTarget extends TargetCommon {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly tls: 'disable' | 'require' | 'verify'
  /** PEM of the authority for `verify`. */
  readonly ca?: string
  readonly allowSuperuser: boolean
  /** `table.column` or `schema.table.column` (schema `public` unless told) -> action */
  readonly columns: Readonly<Record<string, ColumnAction>>
  /** Tables that nobody reads or writes, however reached: `table` or `schema.table`. */
  readonly denyTables: readonly string[]
}
export interface KubernetesTarget extends TargetCommon {
  readonly kind: 'kubernetes'
  /** Text of the kubeconfig, already read; exec plugins in it are refused. */
  readonly kubeconfig: string
  readonly context?: string
  readonly namespaces?: readonly string[]
  readonly impersonate: boolean
}
export interface SshTarget extends TargetCommon {
  readonly kind: 'ssh'
  readonly host: string
  readonly port: number
  readonly user: string
  /** `SHA256:...` fingerprints; one must match. */
  readonly hostKeys: readonly string[]
  readonly shell: 'sh' | 'bash'
  readonly path: string
  readonly home?: string
  readonly roots: readonly string[]
  readonly sensitive: readonly string[]
  /** The admin's additions to the grammar of programs; parsed by tools/shell. */
  readonly programs: Fields
  /** The account has a forced command: no environment wrapper. */
  readonly forcedCommand: boolean
}
export interface HttpRoute {
  readonly method: string
  readonly path: string
  readonly effect?: Effect
  readonly query?: readonly string[]
  readonly headers?: readonly string[]
}
export interface HttpTarget extends TargetCommon {
  readonly kind: 'http'
  readonly baseUrl: string
  /** CIDR ranges that answers may lie in beyond the public internet. */
  readonly addresses: readonly string[]
  readonly routes: readonly HttpRoute[]
  readonly inject: Fields
  readonly ca?: string
}
export type Target = PostgresTarget | KubernetesTarget | SshTarget | HttpTarget
export type TargetKind = Target['kind']

export interface Cluster {
  /** Folder of the run: pids, keys, logs. */
  readonly dir: string
  readonly port: number
  /** PEM of its authority. */
  readonly ca: string
  readonly kubeconfig: string
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** Starts again what was killed, on the same state. */
  up(): Promise<void>
  /** Kills one of `apiserver`, `node`, `kcm`, by its pid. */
  kill(part: string): void
  down(): Promise<void>
}

/** Starts it; cold, that is with nothing built yet, it takes minutes. */
export const startCluster: () => Promise<Cluster>
/** A kubeconfig for a token of up.sh (`admin-token`, `gateway-token`, `narrow-token`) or a certificate's files. */
export const kubeconfigOf: (
  cluster: Pick<Cluster, 'port' | 'ca'>,
  user: Readonly<Record<string, string>>,
  namespace?: string,
) => string

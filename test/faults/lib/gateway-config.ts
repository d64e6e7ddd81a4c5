/** The configuration of a gateway of the harness: two names of one database (one that needs a person), an HTTP service, one agent, two approvers. */
import { randomBytes } from 'node:crypto'
import { hashPassphrase } from '../../../src/identity/passphrase.ts'
import type { Notary } from './notary.ts'
import type { Target } from './target.ts'

export const logName = 'test/faults'
export const passphrase = 'correct horse battery'

export interface GatewayOptions {
  /** Of the writer; a proxy may stand before it. Left out: the embedded store. */
  readonly storeUrl?: string
  readonly target: Target
  readonly name?: string
  readonly notary?: Pick<Notary, 'url' | 'token'>
  /** Seconds until unsigned events stop calls, with `notary`; 60 unless told. */
  readonly maxUnsigned?: number
  /** More of `log:`, as `, anchors: [..]`. */
  readonly log?: string
  /** Of node itself, such as `--max-old-space-size=64`. */
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Seconds a run on a target may take; 10 unless told. */
  readonly seconds?: number
  readonly waitSeconds?: number
  /** Where the targets are reached instead: a proxy. */
  readonly targetPort?: number
  /** Instead of the run's own. */
  readonly vaultKey?: string
  /** Written after everything else. */
  readonly extra?: string
  /** Folder of another build of the product than the run's own. */
  readonly product?: string
}

/** The same for every gateway of a run, so that they can share a store. */
const keys = new Map<string, string>()
export const keyText = (name: 'vault.key' | 'token.key'): string => {
  const found = keys.get(name) ?? randomBytes(32).toString('hex')
  keys.set(name, found)
  return found
}
let hashed: Promise<string> | undefined

/** `countersign.yaml` of a gateway that listens on `port`; the files that it names lie beside it. */
export const configText = async (o: GatewayOptions, port: number): Promise<string> => {
  hashed ??= hashPassphrase(passphrase)
  const { target } = o
  const notary = o.notary
    ? `, notary: { url: "${o.notary.url}", token: "file:./notary.token", maxUnsigned: ${o.maxUnsigned ?? 60}s }`
    : ''
  const shop = (name: string): string => `
  ${name}:
    kind: postgres
    labels: { env: test }
    host: 127.0.0.1
    port: ${o.targetPort ?? target.port}
    database: ${target.database}
    tls: disable
    credentials: { read: shop-reader, write: shop-writer }
    columns: { people.email: redact }
    limits: { rows: 1000, bytes: 1MiB, seconds: ${o.seconds ?? 10} }`
  return `
server: { listen: "127.0.0.1:${port}" }
state: ./state
${o.storeUrl === undefined ? '' : 'store: { url: "file:./store-url" }'}
log: { name: ${logName}${notary}${o.log ?? ''} }
vault: { key: "file:./vault.key" }
masking: { tokenKey: "file:./token.key" }
approvals: { waitSeconds: ${o.waitSeconds ?? 20} }
identity:
  local: { subject: ana, groups: [engineers] }
  approvers:
    - { subject: bo, groups: [dba], passphrase: "${await hashed}" }
    - { subject: cy, groups: [ops], passphrase: "${await hashed}" }
credentials:
  shop-reader: file:./shop-reader
  shop-writer: file:./shop-writer
  api-token: file:./api-token
targets:${shop('shop')}${shop('guarded')}
  api:
    kind: http
    labels: { env: test }
    baseUrl: ${target.httpUrl}
    addresses: [127.0.0.0/8]
    inject: { header: Authorization, value: api-token, prefix: "Bearer " }
    routes: [{ method: POST, path: "/effects/*" }]
    limits: { seconds: ${o.seconds ?? 10} }
grants:
  - { id: read, groups: [engineers], targets: [shop, guarded], tools: [sql_query, sql_schema] }
  - { id: write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write] }
  - { id: post, groups: [engineers], targets: [api], tools: [http_request], effects: [read, write, admin] }
  - { id: guarded, groups: [engineers], targets: [guarded], tools: [sql_execute], effects: [write], approval: { by: [dba], quorum: 1, within: 15m } }
${o.extra ?? ''}`
}

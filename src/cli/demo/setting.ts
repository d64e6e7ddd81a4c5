/** Everything that the demo runs on: a throw-away target, a configuration with keys and an approver, a gateway. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { configHash } from '../../config/hash.ts'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/types.ts'
import { hashPassphrase } from '../../identity/passphrase.ts'
import { type Served, serve } from '../../serve.ts'
import { startThrowaway } from '../../store/embedded/throwaway.ts'
import { version } from '../version.ts'
import { fillShop } from './shop.ts'

export interface Setting {
  readonly folder: string
  readonly config: Config
  readonly gateway: Served
  /** There is a target `cluster`. */
  readonly cluster: boolean
  /** The approver's, made up for this demo. */
  readonly approver: { readonly subject: string; readonly passphrase: string }
  close(): Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((done, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
    server.on('error', reject)
  })

const configText = (
  port: number,
  targetPort: number,
  passphraseHash: string,
  kubeconfig: string | undefined,
): string => `# The demo's configuration: what an administrator writes.
server: { listen: "127.0.0.1:${port}" }
state: ./state
log: { name: demo/local }
vault: { key: "file:./vault.key" }
masking: { tokenKey: "file:./token.key" }

identity:
  local: { subject: ana, groups: [engineers] }
  approvers:
    - { subject: bo, groups: [dba], passphrase: "${passphraseHash}" }

credentials:
  shop-reader: file:./shop-reader
  shop-writer: file:./shop-writer

targets:
  shop:
    kind: postgres
    labels: { env: demo }
    host: 127.0.0.1
    port: ${targetPort}
    database: postgres
    tls: disable
    credentials: { read: shop-reader, write: shop-writer }
    columns: { customers.ssn: redact, customers.email: token }
    limits: { rows: 1000, bytes: 1MiB, seconds: 30 }
${
  kubeconfig === undefined
    ? ''
    : `  cluster:
    kind: kubernetes
    labels: { env: demo }
    kubeconfig: ${JSON.stringify(`file:${kubeconfig}`)}
`
}
grants:
  - { id: engineers-read, groups: [engineers], targets: { env: demo }, tools: [sql_query, sql_schema, sql_explain] }
  - { id: engineers-write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write], approval: { by: [dba], quorum: 1, within: 15m } }
${
  kubeconfig === undefined
    ? ''
    : `  - { id: cluster-read, groups: [engineers], targets: [cluster], tools: [kube_get, kube_logs, kube_exec] }
  - { id: cluster-change, groups: [engineers], targets: [cluster], tools: [kube_change], effects: [write], approval: { by: [dba], quorum: 1, within: 15m } }
`
}`

/** \`say\` tells how far it is. Everything lies in a folder of its own and is gone after \`close\`. */
export const openSetting = async (
  say: (what: string) => void,
  kubeconfig?: string,
): Promise<Setting> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-demo-'))
  const closing: (() => Promise<void>)[] = [
    async () => rmSync(folder, { recursive: true, force: true }),
  ]
  const close = async (): Promise<void> => {
    for (let next = closing.pop(); next; next = closing.pop()) await next()
  }
  try {
    say('starting a PostgreSQL to be the target')
    const target = await startThrowaway()
    closing.push(target.stop)
    say('filling it: 10,000 customers, 100,000 orders')
    const password = () => randomBytes(18).toString('base64url')
    const roles = {
      reader: { username: 'shop_reader', password: password() },
      writer: { username: 'shop_writer', password: password() },
    }
    await fillShop(target.url, roles)
    const secret = (name: string, text: string): void =>
      writeFileSync(join(folder, name), text, { mode: 0o600 })
    secret('shop-reader', JSON.stringify(roles.reader))
    secret('shop-writer', JSON.stringify(roles.writer))
    secret('vault.key', randomBytes(32).toString('base64'))
    secret('token.key', randomBytes(32).toString('base64'))
    const approver = { subject: 'bo', passphrase: randomBytes(12).toString('base64url') }
    const file = join(folder, 'countersign.yaml')
    writeFileSync(
      file,
      configText(
        await freePort(),
        target.port,
        await hashPassphrase(approver.passphrase),
        kubeconfig === undefined ? undefined : resolve(kubeconfig),
      ),
      { mode: 0o600 },
    )
    mkdirSync(join(folder, 'state'), { mode: 0o700 })
    const config = loadConfig(file, {})
    say('starting the gateway with its embedded store')
    const gateway = await serve(config, {
      version,
      configHash: configHash(config),
      logLevel: 'error',
    })
    closing.push(async () => {
      await gateway.close()
      if (gateway.storeFolder) rmSync(gateway.storeFolder, { recursive: true, force: true })
    })
    return { folder, config, gateway, cluster: kubeconfig !== undefined, approver, close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

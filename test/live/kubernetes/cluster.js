/** A real cluster for one run of tests, and what tests ask of it beside our tools. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = (name) => fileURLToPath(new URL(name, import.meta.url))

const freePort = () =>
  new Promise((done, failed) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
    server.on('error', failed)
  })

/** Starts it; cold, that is with nothing built yet, it takes minutes. */
export const startCluster = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cs-k8s-'))
  const names = [
    'API_PORT',
    'ETCD_PORT',
    'ETCD_PEER',
    'KUBELET_PORT',
    'KUBELET_HEALTH',
    'KCM_PORT',
    'SCHED_PORT',
  ]
  const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())]))
  const env = { ...process.env, RUN_DIR: dir, ...Object.fromEntries(ports) }
  const up = async () => {
    await run('bash', [script('up.sh')], { env, maxBuffer: 64 * 1024 * 1024 })
  }
  const cluster = {
    dir,
    port: Number(ports[0]?.[1]),
    kubectl: async (args, input) => {
      const cache = process.env.COUNTERSIGN_CACHE ?? join(homedir(), '.cache', 'countersign')
      const child = run(
        join(cache, 'kubernetes', 'bin', 'kubectl'),
        [`--kubeconfig=${join(dir, 'admin.kubeconfig')}`, ...args],
        {
          maxBuffer: 64 * 1024 * 1024,
        },
      )
      child.child.stdin?.end(input ?? '')
      return (await child).stdout
    },
    up,
    kill: (part) => {
      process.kill(Number(readFileSync(join(dir, `${part}.pid`), 'utf8')), 'SIGKILL')
    },
    down: async () => {
      await run('bash', [script('down.sh')], { env })
    },
  }
  try {
    await up()
  } catch (thrown) {
    await cluster.down().catch(() => {})
    throw thrown
  }
  return {
    ...cluster,
    ca: readFileSync(join(dir, 'pki', 'ca.crt'), 'utf8'),
    kubeconfig: readFileSync(join(dir, 'admin.kubeconfig'), 'utf8'),
  }
}

/** A kubeconfig for a token of up.sh (`admin-token`, `gateway-token`, `narrow-token`) or a certificate's files. */
export const kubeconfigOf = ({ port, ca }, user, namespace = 'default') =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: `https://127.0.0.1:${port}`,
          'certificate-authority-data': Buffer.from(ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace } }],
    'current-context': 'x',
  })

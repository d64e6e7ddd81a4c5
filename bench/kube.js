// Kubernetes: the whole path with durable audit on a real cluster, beside a bare client and kubernetes-mcp-server: 1,000 pods listed, one read, its log; and 1 GB of output through kube_exec.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { kubeconfigOf, startCluster } from '../test/live/kubernetes/cluster.js'
import { furnish } from '../test/live/kubernetes/fixtures.js'
import { httpClient, stdioClient } from './lib/clients.js'
import { benchGateway } from './lib/gateway.js'
import { inTurn } from './lib/in-turn.js'
import { load, median } from './lib/load.js'
import { peers } from './lib/peers.js'

const pods = 1_000
const rounds = 3

/** A bare client: one kept connection, the same requests (a list as the same Table), read and parsed; no identity, policy, log or masking. */
const bareClient = ({ port, ca }) => {
  const agent = new Agent({ keepAlive: true, ca })
  let bytes = 0
  const send = (method, path, accept, body) =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          agent,
          host: '127.0.0.1',
          port,
          path,
          method,
          headers: {
            authorization: 'Bearer gateway-token',
            accept,
            ...(body ? { 'content-type': 'application/json' } : {}),
          },
        },
        (response) => {
          const chunks = []
          response.on('data', (chunk) => chunks.push(chunk))
          response.on('end', () => {
            const whole = Buffer.concat(chunks).toString('utf8')
            bytes = whole.length
            if (response.statusCode >= 400) reject(new Error(whole.slice(0, 200)))
            else resolve(accept.includes('json') ? JSON.parse(whole) : whole)
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  return { send, bytes: () => bytes, close: () => agent.destroy() }
}

/** Pods that no scheduler takes: they cost an entry each, as a thousand running ones do in a list. */
const crowd = async (bare) => {
  await bare.send(
    'POST',
    '/api/v1/namespaces',
    'application/json',
    JSON.stringify({ metadata: { name: 'crowd' } }),
  )
  for (let tries = 0; ; tries++) {
    const found = await bare
      .send('GET', '/api/v1/namespaces/crowd/serviceaccounts/default', 'application/json')
      .then(
        () => true,
        () => false,
      )
    if (found) break
    if (tries > 100) throw new Error('the namespace got no account')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const create = (n) =>
    bare.send(
      'POST',
      '/api/v1/namespaces/crowd/pods',
      'application/json',
      JSON.stringify({
        metadata: {
          name: `shop-web-7d9f8c6b5-${n.toString(36).padStart(5, 'x')}`,
          labels: { app: 'shop', tier: 'web' },
        },
        spec: {
          schedulerName: 'nobody',
          containers: [
            {
              name: 'app',
              image: 'registry.local/shop:1.2.3',
              env: [{ name: 'MODE', value: 'fast' }],
            },
          ],
        },
      }),
    )
  for (let at = 0; at < pods; at += 20)
    await Promise.all(Array.from({ length: 20 }, (_, index) => create(at + index)))
}

/** Most memory that a process ever had, in MB. */
const peakOf = (pid) =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)

const answerOf = (bytes) => {
  const { result } = JSON.parse(bytes.toString('utf8'))
  return result.structuredContent ?? JSON.parse(result.content[0].text)
}

/** Runs a write, which is drained and counted past what it may return; `upTo` numbers of output. */
const drained = async (client, upTo) => {
  const argv = ['sh', '-c', `seq ${upTo}; touch /tmp/done`]
  let answer = answerOf(
    await client.call('kube_exec', { target: 'main', namespace: 'prod', pod: 'web-0', argv }),
  )
  while (answer.status === 'running')
    answer = answerOf(await client.call('call_wait', { call_id: answer.call_id, timeout_s: 40 }))
  return answer
}

/** The same by kubectl, its output thrown away. */
const thrownAway = (cluster, upTo) =>
  new Promise((done, failed) => {
    const cache = process.env.COUNTERSIGN_CACHE ?? join(homedir(), '.cache', 'countersign')
    const config = `--kubeconfig=${join(cluster.dir, 'admin.kubeconfig')}`
    const command = ['-n', 'prod', 'exec', 'web-0', '-c', 'app', '--', 'sh', '-c', `seq ${upTo}`]
    const child = spawn(join(cache, 'kubernetes', 'bin', 'kubectl'), [config, ...command], {
      stdio: 'ignore',
    })
    child.on('error', failed)
    child.on('exit', (code) => (code === 0 ? done() : failed(new Error(`kubectl ended ${code}`))))
  })

const gigabyte = async (gateway, client, cluster) => {
  // What a call with all that it may return takes is no matter of the gigabyte: that is had before.
  for (let call = 0; call < 5; call++) await drained(client, 1_500_000)
  const before = peakOf(gateway.pid)
  let startedAt = performance.now()
  const answer = await drained(client, 118_000_000)
  const us = Math.round(performance.now() - startedAt)
  startedAt = performance.now()
  await thrownAway(cluster, 12_000_000)
  // kubectl's time for a tenth of it, for as many numbers.
  const bare = Math.round(((performance.now() - startedAt) * 118) / 12)
  return {
    case: 'exec 1 GB',
    us,
    bare,
    ratio_bare: Number((us / bare).toFixed(2)),
    bytes: answer.output_bytes,
    exit_code: answer.exit_code ?? answer.refused?.code,
    grown_mb: peakOf(gateway.pid) - before,
  }
}

const warmCalls = 400
const warmSeconds = 15
const peerBinary = 'kubernetes-mcp-server-linux-amd64'

export const run = async ({ seconds, say }) => {
  const modules = peers(['kubernetes-mcp-server@0.0.67', `${peerBinary}@0.0.67`])
  const cluster = await startCluster()
  const bare = bareClient(cluster)
  let gateway
  const open = []
  try {
    await furnish(cluster)
    await crowd(bare)
    const kubeconfig = kubeconfigOf(cluster, { token: 'gateway-token' }, 'prod')
    gateway = await benchGateway((dir) => {
      writeFileSync(join(dir, 'kubeconfig'), kubeconfig, { mode: 0o600 })
      return [
        `targets: { main: { kind: kubernetes, labels: { env: bench }, kubeconfig: "file:./kubeconfig", limits: { rows: ${pods}, bytes: 4MiB, seconds: 600 } } }`,
        'grants: [{ id: all, groups: [bench], targets: [main], tools: [kube_get, kube_logs, kube_exec], effects: [read, write] }]',
      ].join('\n')
    })
    writeFileSync(join(cluster.dir, 'peer.kubeconfig'), kubeconfig, { mode: 0o600 })
    const us = await httpClient(gateway.url, gateway.headers)
    const peer = await stdioClient(
      join(modules, peerBinary, 'bin', peerBinary),
      ['--kubeconfig', join(cluster.dir, 'peer.kubeconfig'), '--list-output', 'table'],
      process.env,
    )
    open.push(us, peer)
    const target = 'main'
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
    const cases = {
      list: {
        us: () =>
          us.call('kube_get', { target, resource: 'pods', namespace: 'crowd', limit: pods }),
        bare: () =>
          bare.send('GET', `/api/v1/namespaces/crowd/pods?limit=${pods}&includeObject=None`, table),
        peer: () => peer.call('pods_list_in_namespace', { namespace: 'crowd' }),
      },
      get: {
        us: () =>
          us.call('kube_get', {
            target,
            resource: 'pods',
            namespace: 'prod',
            name: 'web-0',
            format: 'yaml',
          }),
        bare: () => bare.send('GET', '/api/v1/namespaces/prod/pods/web-0', 'application/json'),
        peer: () => peer.call('pods_get', { namespace: 'prod', name: 'web-0' }),
      },
      logs: {
        us: () => us.call('kube_logs', { target, namespace: 'prod', pod: 'web-0', tail: 100 }),
        bare: () =>
          bare.send(
            'GET',
            '/api/v1/namespaces/prod/pods/web-0/log?container=app&tailLines=100',
            '*/*',
          ),
        peer: () =>
          peer.call('pods_log', { namespace: 'prod', name: 'web-0', container: 'app', tail: 100 }),
      },
    }
    const rows = []
    // What every call costs before and after its target is asked: `targets` asks none and is recorded once; a list of one
    // pod, less the same asked by the bare client, has all that a call on a target has.
    const one = `/api/v1/namespaces/crowd/pods?limit=1&includeObject=None`
    const onePod = { target, resource: 'pods', namespace: 'crowd', limit: 1 }
    const small = [
      () => us.call('targets', {}),
      () => us.call('kube_get', onePod),
      () => bare.send('GET', one, table),
    ]
    for (const call of small) await load(1, call, warmSeconds, warmCalls)
    const [targetsMs, smallMs, smallBareMs] = await inTurn(small, seconds)
    const fixed = Number((smallMs - smallBareMs).toFixed(2))
    for (const [name, calls] of Object.entries(cases)) {
      const times = { us: [], bare: [], peer: [] }
      const rates = { us: [], peer: [] }
      const sizes = {}
      for (let round = 0; round <= rounds; round++)
        for (const who of ['us', 'bare', 'peer']) {
          // The first round warms everybody up alike: a process is some hundred calls old before its code is compiled.
          const { p50, perSecond } =
            round === 0
              ? await load(1, calls[who], warmSeconds, warmCalls)
              : await load(1, calls[who], seconds / rounds)
          if (round === 0) continue
          times[who].push(p50)
          rates[who]?.push(perSecond)
          sizes[who] = { us, bare, peer }[who].bytes()
        }
      const [mine, plain, other] = ['us', 'bare', 'peer'].map((who) => median(times[who]))
      const row = {
        case: name,
        us: mine,
        bare: plain,
        peer: other,
        ratio_bare: Number((mine / plain).toFixed(2)),
        ratio_peer: Number((other / mine).toFixed(2)),
        bytes: sizes.us,
        peer_bytes: sizes.peer,
        fixed_ms: fixed,
        targets_ms: Number(targetsMs.toFixed(2)),
        ratio_beyond_fixed: Number(((mine - fixed) / plain).toFixed(2)),
        us_per_s: median(rates.us),
        peer_per_s: median(rates.peer),
      }
      rows.push(row)
      say(JSON.stringify(row))
    }
    rows.push(await gigabyte(gateway, us, cluster))
    say(JSON.stringify(rows.at(-1)))
    return { kube: rows }
  } finally {
    for (const client of open) await client.close()
    bare.close()
    await gateway?.stop()
    await cluster.down()
  }
}

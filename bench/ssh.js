// SSH: ssh_run's own run beside a bare ssh2 exec on a real sshd, interleaved in one process; then the whole governed call, so
// that the gateway's fixed cost stands apart; facts of commands; and memory under 1 GB of output. Times in ms.
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { shellFacts } from '../dist/tools/shell/facts.js'
import { lineOf } from '../dist/tools/ssh/command.js'
import { sshFamily } from '../dist/tools/ssh/index.js'
import { account, startSandbox } from '../test/corpus/sandbox.js'
import { httpClient } from './lib/clients.js'
import { benchGateway } from './lib/gateway.js'
import { inTurn } from './lib/in-turn.js'

const limits = {
  rows: 100,
  bytes: 1024 ** 2,
  cellBytes: 65_536,
  seconds: 300,
  connectMs: 5000,
  lockMs: 1000,
  concurrency: 8,
}
const rssMb = () => Math.round(process.memoryUsage().rss / 1024 ** 2)
const gigabyte = 'head -c 1000000000 /dev/zero'

const bareClient = async (host) => {
  const client = new ssh2.Client()
  const sock = connect({ host: '127.0.0.1', port: host.port, noDelay: true })
  await new Promise((done, failed) =>
    client
      .on('ready', done)
      .on('error', failed)
      .connect({ sock, username: account, privateKey: host.privateKey }),
  )
  return {
    exec: (line) =>
      new Promise((done, failed) =>
        client.exec(line, (error, channel) => {
          if (error) return failed(error)
          channel.on('data', () => {})
          channel.stderr.on('data', () => {})
          channel.on('close', done)
        }),
      ),
    close: () => client.end(),
  }
}

const own = (host) => {
  const { tools, family } = sshFamily()
  const [tool] = tools
  const target = {
    kind: 'ssh',
    name: 'web',
    labels: {},
    credentials: { run: 'key' },
    limits,
    host: '127.0.0.1',
    port: host.port,
    user: account,
    home: `/home/${account}`,
    hostKeys: [host.hostKey],
    shell: 'sh',
    path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    roots: [],
    sensitive: [],
    programs: {},
    forcedCommand: false,
  }
  const session = {
    callId: 'x',
    target,
    credential: { name: 'key', version: '1', reveal: () => ({ privateKey: host.privateKey }) },
    limits,
    signal: new AbortController().signal,
    caller: { iss: 'i', sub: 's', groups: [] },
    prepared: async () => {},
  }
  const factsOf = (command) => tool.facts(tool.input.parse({ target: 'web', command }), { target })
  return {
    line: async (command) => lineOf(target, { command }, (await factsOf(command)).words),
    call: async (command) => {
      const input = tool.input.parse({ target: 'web', command })
      return tool.run(input, await tool.facts(input, { target }), session)
    },
    close: () => family.close(),
  }
}

/** Commands as agents send them: from one word to a pipeline with a loop. */
const everyday = [
  'uptime',
  'df -h',
  'systemctl status nginx --no-pager',
  "grep -rn 'error' /srv/app/src --include='*.js' | head -20",
  'ps aux --sort=-%mem | head -5',
  "find /var/log/app -name '*.log' -mtime -1 -exec wc -l {} +",
  "awk '{ n[$9]++ } END { for (c in n) print c, n[c] }' /var/log/nginx/access.log | sort -k2 -rn | head",
  'for f in /srv/app/*.yml; do echo "$f"; head -3 "$f"; done',
  'cd /srv/app && git log --oneline -5 && git status --short',
  "journalctl -u app --since '1 hour ago' --no-pager | grep -i error | tail -50",
]
const factsRow = () => {
  const options = { roots: [], sensitive: [], programs: new Map() }
  const times = []
  for (let round = 0; round < 400; round += 1)
    for (const command of everyday) {
      const from = performance.now()
      shellFacts(command, 'sh', options)
      if (round >= 100) times.push((performance.now() - from) * 1000)
    }
  times.sort((a, b) => a - b)
  const at = (share) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(1))
  return {
    case: 'facts of ten commands',
    us: at(0.5) / 1000,
    bare: null,
    ratio_bare: null,
    p50_us: at(0.5),
    p99_us: at(0.99),
    rss_mb: rssMb(),
  }
}

const peakMb = (pid) =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
const answerOf = (bytes) => {
  const { result } = JSON.parse(bytes.toString('utf8'))
  return result.structuredContent ?? JSON.parse(result.content[0].text)
}

/** The whole path with its log: `true`, and 1 GB of output that a write drains to its end. */
const governed = async (host, bare, us, seconds, tell) => {
  const gateway = await benchGateway((dir) => {
    writeFileSync(join(dir, 'key'), JSON.stringify({ privateKey: host.privateKey }), {
      mode: 0o600,
    })
    return [
      'credentials: { key: "file:./key" }',
      `targets: { web: { kind: ssh, labels: { env: bench }, host: 127.0.0.1, port: ${host.port}, user: ${account}, home: /home/${account}, hostKeys: ["${host.hostKey}"], credentials: { run: key }, limits: { seconds: 600 } } }`,
      'grants: [{ id: all, groups: [bench], targets: [web], tools: [ssh_run], effects: [read, write] }]',
    ].join('\n')
  })
  const client = await httpClient(gateway.url, gateway.headers)
  try {
    const run = async (command) => {
      let answer = answerOf(await client.call('ssh_run', { target: 'web', command }))
      while (answer.status === 'running')
        answer = answerOf(
          await client.call('call_wait', { call_id: answer.call_id, timeout_s: 40 }),
        )
      if (answer.status !== 'ok') throw new Error(JSON.stringify(answer).slice(0, 300))
      return answer
    }
    const refused = async () => {
      const answer = answerOf(await client.call('ssh_run', { target: 'web', command: '' }))
      if (answer.status !== 'refused') throw new Error('an empty command that ran')
    }
    const [whole, theirs, own, nothing] = await inTurn(
      [() => run('true'), () => bare.exec('true'), () => us.call('true'), refused],
      seconds,
    )
    tell('true, governed and recorded', whole, theirs, {
      // What the gateway adds to the tool's own run; and a call that is only judged, refused and recorded.
      fixed_ms: Number((whole - own).toFixed(2)),
      refused_ms: nothing,
    })
    const before = peakMb(gateway.pid)
    const from = performance.now()
    // A command that writes is never cut short: all of its output is taken, counted and let go.
    const answer = await run(`{ ${gigabyte}; touch /tmp/done; }`)
    if (answer.output_bytes !== 1e9) throw new Error(JSON.stringify(answer).slice(0, 300))
    const ours = performance.now() - from
    const bareFrom = performance.now()
    await bare.exec(gigabyte)
    tell('1 GB of output, governed and recorded', ours, performance.now() - bareFrom, {
      rss_mb: peakMb(gateway.pid),
      rss_growth_mb: peakMb(gateway.pid) - before,
    })
  } finally {
    await client.close()
    await gateway.stop()
  }
}

export const run = async ({ seconds, say }) => {
  const host = await startSandbox({ '/srv/app/x': 'x\n' })
  const us = own(host)
  const bare = await bareClient(host)
  const rows = []
  const push = (row) => {
    rows.push(row)
    say(JSON.stringify(row))
  }
  const round = (n, digits) => Number(n.toFixed(digits))
  const tell = (name, ours, theirs, more = {}) =>
    push({
      case: name,
      us: round(ours, 3),
      bare: round(theirs, 3),
      ratio_bare: round(ours / theirs, 2),
      rss_mb: rssMb(),
      ...more,
    })
  try {
    for (const command of ['true', 'df -P /srv']) {
      // The same line by the bare client: what the clean environment costs on the host, whoever asks for it.
      const line = await us.line(command)
      const [ours, theirs, same] = await inTurn(
        [() => us.call(command), () => bare.exec(command), () => bare.exec(line)],
        seconds,
      )
      tell(command, ours, theirs, { bare_same_line: same, ratio_same_line: round(ours / same, 2) })
    }
    push(factsRow())
    await governed(host, bare, us, seconds, tell)
    return { ssh: rows }
  } finally {
    bare.close()
    await us.close()
    await host.stop()
  }
}

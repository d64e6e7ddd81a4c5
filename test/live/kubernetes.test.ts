/** The Kubernetes tools against a whole real cluster: every tool and action, rights, Secrets, and what breaks on the way. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Given, type Kit, limits, openKit, refusalOf, targetOf } from '../kube/support.ts'
import { type Cluster, kubeconfigOf, startCluster } from './kubernetes/cluster.js'
import { canaries, furnish } from './kubernetes/fixtures.js'

let cluster: Cluster
let kit: Kit
const kits: Kit[] = []

const kitFor = (
  user: Readonly<Record<string, string>>,
  over: Parameters<typeof targetOf>[1] = {},
  given: Given = {},
): Kit => {
  const made = openKit(targetOf(kubeconfigOf(cluster, user, 'prod'), over), given)
  kits.push(made)
  return made
}
const prod = { namespace: 'prod' }
const web = { ...prod, pod: 'web-0' }
const exec = (argv: readonly string[], more: Record<string, unknown> = {}) =>
  kit.run('kube_exec', { ...web, argv, ...more })

beforeAll(async () => {
  cluster = await startCluster()
  await furnish(cluster)
  kit = kitFor({ token: 'gateway-token' })
})
afterAll(async () => {
  await Promise.all(kits.map((one) => one.close()))
  await cluster?.down()
})

describe('the demo', () => {
  test('plays on the cluster of a kubeconfig, shows no Secret, and changes nothing there', async () => {
    const file = join(cluster.dir, 'demo.kubeconfig')
    writeFileSync(file, kubeconfigOf(cluster, { token: 'gateway-token' }, 'prod'), { mode: 0o600 })
    const bin = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
    const play = async (...options: string[]) => {
      const args = [bin, ...options, 'demo', '--once', '--kubeconfig', file]
      return (await promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 })).stdout
    }
    const objects = () => cluster.kubectl(['-n', 'prod', 'get', 'cm,deploy,secret', '-o', 'name'])
    const before = await objects()
    expect(JSON.parse((await play('--json')).trim().split('\n').at(-1) ?? '')).toMatchObject({
      demo: 'ok',
      verified: true,
      blocked: 2,
      held: 2,
      cluster: { pods: expect.any(Number), masked: 3, blocked: 1, held: 1 },
    })
    const story = await play()
    expect(story).toContain('kube_exec ["sh","-i"]')
    expect(story).toContain('web-0')
    expect(story).toContain('APPROVAL_REJECTED')
    for (const canary of canaries) expect(story).not.toContain(canary)
    expect(await objects()).toBe(before)
  }, 240_000)
})

describe('approved calls', () => {
  test('a pod that was replaced by another of its name is not run in', async () => {
    const name = 'stand-in-0'
    const create = async (): Promise<void> => {
      await cluster.kubectl(
        ['apply', '-f', '-'],
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, namespace: 'prod' },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [
              { name: 'app', image: 'registry.local/busybox:1', command: ['sleep', '3600'] },
            ],
          },
        }),
      )
      await cluster.kubectl(['-n', 'prod', 'wait', '--for=condition=Ready', `pod/${name}`])
    }
    const input = { ...prod, pod: name, argv: ['touch', '/tmp/approved'] }
    await create()
    const approved = await kit.preview('kube_exec', input)
    expect((await kit.run('kube_exec', input, { approved })).out.exit_code).toBe(0)
    await cluster.kubectl(['-n', 'prod', 'delete', 'pod', name, '--now', '--wait'])
    await create()
    expect(await refusalOf(kit.run('kube_exec', input, { approved }))).toContain(
      'APPROVAL_MISMATCH',
    )
    const listed = await kit.run('kube_exec', { ...prod, pod: name, argv: ['ls', '/tmp'] })
    expect(listed.out.stdout).not.toContain('approved')
    const fresh = await kit.preview('kube_exec', input)
    expect((await kit.run('kube_exec', input, { approved: fresh })).out.exit_code).toBe(0)
  }, 120_000)
})

describe('kube_get', () => {
  test('a table has its columns once and its rows as arrays', async () => {
    const { out } = await kit.run('kube_get', { resource: 'pods', label_selector: 'app=web-0' })
    expect(out.columns).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age'])
    expect(out.rows).toEqual([['web-0', '2/2', 'Running', '0', expect.any(String)]])
  })

  test('all namespaces, names, yaml, fields and selectors', async () => {
    const all = await kit.run('kube_get', { resource: 'Pod', all_namespaces: true })
    expect(all.out.columns).toContain('Namespace')
    expect(all.policy).toMatchObject({ verb: 'list', namespace: '', all_namespaces: true })
    const names = await kit.run('kube_get', {
      resource: 'po',
      format: 'names',
      field_selector: 'status.phase!=Pending,metadata.name=web-0',
    })
    expect(names.out.names).toEqual(['web-0'])
    const yaml = await kit.run('kube_get', {
      resource: 'deployments.apps',
      name: 'web',
      format: 'yaml',
    })
    expect(yaml.out.yaml).toContain('kind: Deployment')
    expect(yaml.out.yaml).not.toContain('managedFields')
    const fields = await kit.run('kube_get', {
      resource: 'deploy',
      name: 'web',
      fields: ['.spec.template.spec.containers[0].image', 'spec.replicas'],
    })
    expect(fields.out.rows).toEqual([['web', 'registry.local/busybox:1', 1]])
  })

  test('pages hold everything once, and a cursor is good for its caller and its call only', async () => {
    const found: unknown[] = []
    let cursor: unknown
    do {
      const { out } = await kit.run('kube_get', {
        resource: 'clusterroles',
        limit: 17,
        ...(cursor ? { cursor } : {}),
      })
      found.push(...(out.rows as string[][]).map(([name]) => name))
      cursor = out.cursor
      expect(out.truncated).toBe(cursor !== undefined)
    } while (cursor)
    const expected = (await cluster.kubectl(['get', 'clusterroles', '-o', 'name']))
      .trim()
      .split('\n')
    expect(new Set(found).size).toBe(expected.length)
    expect(found).toHaveLength(expected.length)
    const { out } = await kit.run('kube_get', { resource: 'clusterroles', limit: 5 })
    const again = { resource: 'clusterroles', limit: 5, cursor: out.cursor }
    expect(await refusalOf(kit.run('kube_get', again, { sub: 'bo' }))).toContain('INPUT_REFUSED')
    expect(await refusalOf(kit.run('kube_get', { ...again, label_selector: 'a=b' }))).toContain(
      'INPUT_REFUSED',
    )
    expect(await refusalOf(kitFor({ token: 'gateway-token' }).run('kube_get', again))).toContain(
      'INPUT_REFUSED',
    )
    expect(await refusalOf(kit.run('kube_get', again))).toBe('it ran')
  })

  test('health, access and metrics are there like any other', async () => {
    expect((await kit.run('kube_get', { resource: 'health' })).out).toEqual({
      ready: true,
      live: true,
      version: 'v1.34.4',
      failed: [],
    })
    const access = await kit.run('kube_get', { resource: 'access' })
    expect(access.out.rows).toContainEqual(['*', '*', '*', ''])
    const metrics = await kit.run('kube_get', { resource: 'pods.metrics.k8s.io' })
    expect(metrics.policy).toMatchObject({ group: 'metrics.k8s.io', resource: 'pods' })
    expect(metrics.out.rows).toEqual([['web-0', '3m']])
  })

  test('refusals teach the nearest kind, name and namespace', async () => {
    const said = (input: Record<string, unknown>) => refusalOf(kit.run('kube_get', input))
    expect(await said({ resource: 'deploymnts' })).toContain('Did you mean deployments.apps?')
    expect(await said({ resource: 'pod', name: 'web-1' })).toContain('Did you mean web-0?')
    expect(await said({ resource: 'pod', name: 'web-0', namespace: 'prd' })).toContain(
      'There is no namespace prd. Did you mean prod?',
    )
    expect(await said({ resource: 'pod', name: 'web-0', namespace: 'default' })).toContain(
      'in namespace prod',
    )
    expect(await said({ resource: 'pods', label_selector: 'a in (' })).toContain('INPUT_REFUSED')
  })

  test('a page that is too large is made smaller, and goes on with a cursor', async () => {
    const small = kitFor({ token: 'gateway-token' }, { limits: { ...limits, bytes: 4_096 } })
    const { out, text } = await small.run('kube_get', { resource: 'clusterroles', limit: 500 })
    expect(text.length).toBeLessThan(6_000)
    expect(out).toMatchObject({ truncated: true, cursor: expect.any(String) })
  })
})

describe('Secrets', () => {
  test('their values come back by no way of reading', async () => {
    const texts = await Promise.all(
      [
        () => kit.run('kube_get', { resource: 'secrets' }),
        () => kit.run('kube_get', { resource: 'secret', name: 'db', format: 'yaml' }),
        () => kit.run('kube_get', { resource: 'secrets', all_namespaces: true, format: 'yaml' }),
        () =>
          kit.run('kube_get', {
            resource: 'secret',
            name: 'db',
            fields: ['.data', 'metadata.annotations', '.data.config', '.data.short'],
          }),
        () => kit.run('kube_get', { resource: 'cm', name: 'settings', format: 'yaml' }),
        () => kit.run('kube_get', { resource: 'cm', fields: ['.data.copied'] }),
        () => kit.run('kube_get', { resource: 'pod', name: 'web-0', format: 'yaml' }),
        () => kit.run('kube_logs', web),
        () => kit.run('kube_logs', { ...web, filter: 'told' }),
        () => exec(['sh', '-c', 'echo "$WORD"']),
        () => exec(['cat', '/etc/creds/config']),
        () => exec(['grep', 'pass', '/etc/creds/config']),
        () => exec(['sh', '-c', 'echo "$WORD" | base64']),
        () =>
          kit.run('kube_change', {
            action: 'apply',
            dry_run: true,
            ...prod,
            manifest: 'apiVersion: v1\nkind: Secret\nmetadata: {name: db, labels: {a: b}}',
          }),
      ].map(async (run) => (await run()).text),
    )
    for (const text of texts) {
      for (const canary of [...canaries, 'literal-in-the-spec-1', 'YWJj'])
        expect(text).not.toContain(canary)
      expect(text.length).toBeGreaterThan(10)
    }
    expect(texts.filter((text) => text.includes('[masked:')).length).toBeGreaterThanOrEqual(12)
  })

  test('what hands out a credential is refused for everybody', async () => {
    for (const argv of [
      ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
      ['cat', '/proc/1/environ'],
      ['env'],
      ['/bin/sh'],
      ['sh'],
    ])
      expect(await refusalOf(exec(argv)), argv.join(' ')).toContain('INPUT_REFUSED')
    expect(
      await refusalOf(kit.run('kube_exec', { ...prod, pod: 'root-0', argv: ['ls'] })),
    ).toContain('hostPID')
  })

  test('an applied Secret is seen by nobody: not in the answer, the preview, or the arguments as shown', async () => {
    const value = 'brand-new-value-42'
    const manifest = `apiVersion: v1\nkind: Secret\nmetadata: {name: fresh}\nstringData: {word: ${value}, pin: "1234"}`
    const input = { action: 'apply', ...prod, manifest }
    const shown = JSON.stringify(kit.tool('kube_change').shown?.(input))
    const preview = JSON.stringify(await kit.preview('kube_change', input))
    const { text } = await kit.run('kube_change', input)
    for (const seen of [shown, preview, text]) {
      expect(seen).toContain('fresh')
      expect(seen).not.toContain(value)
      expect(seen).not.toContain('1234')
      expect(seen).not.toContain(Buffer.from(value).toString('base64').slice(0, 12))
    }
    expect(
      await cluster.kubectl([
        '-n',
        'prod',
        'get',
        'secret',
        'fresh',
        '-o',
        'jsonpath={.data.word}',
      ]),
    ).toBe(Buffer.from(value).toString('base64'))
  })

  test('where they can not be read, policy is told', async () => {
    const narrow = kitFor({ token: 'narrow-token' })
    const { policy } = await narrow.facts('kube_exec', { ...web, argv: ['ls'] })
    expect(policy.secrets_unknown).toBe(true)
    expect((await kit.facts('kube_exec', { ...web, argv: ['ls'] })).policy.secrets_unknown).toBe(
      false,
    )
    expect((await narrow.run('kube_exec', { ...web, argv: ['echo', 'hi'] })).out.stdout).toBe(
      'hi\n',
    )
    // Facts that were found before a right was lost do not open a way round masking.
    const found = await narrow.facts('kube_exec', { ...web, argv: ['ls'] })
    const asIfKnown = { ...found, unknown: false }
    const { sessionOf } = await import('../kube/support.ts')
    const session = sessionOf(targetOf(kubeconfigOf(cluster, { token: 'narrow-token' }, 'prod')))
    const input = kit.tool('kube_exec').input.parse({ target: 'main', ...web, argv: ['ls'] })
    expect(
      await refusalOf(kit.tool('kube_exec').run(input, asIfKnown, session as never)),
    ).toContain('could not be masked')
  })
})

describe('kube_logs', () => {
  test('tail, container, time stamps, filter and the pods of a workload', async () => {
    expect((await kit.run('kube_logs', { ...web, tail: 2 })).out.log).toBe('line 2\nline 3\n')
    expect((await kit.run('kube_logs', { ...web, container: 'side' })).out.log).toBe('side\n')
    expect((await kit.run('kube_logs', { ...web, filter: 'line', tail: 1 })).out.log).toBe(
      'line 3\n',
    )
    expect(
      (await kit.run('kube_logs', { ...web, since_s: 3600, timestamps: true, tail: 1 })).out.log,
    ).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line 3\n$/)
    const workload = await kit.run('kube_logs', { ...prod, pod: 'deploy/web' })
    expect(workload.policy).toMatchObject({
      resource: 'pods',
      subresource: 'log',
      name: 'deployments.apps/web',
    })
    expect(workload.out).toMatchObject({ log: 'hello from web\n', pods: 1 })
  })

  test('what is not there is told', async () => {
    expect(await refusalOf(kit.run('kube_logs', { ...web, container: 'nope' }))).toContain(
      'app, side',
    )
    expect(await refusalOf(kit.run('kube_logs', { ...web, previous: true }))).toContain(
      'no earlier run',
    )
    expect(await refusalOf(kit.run('kube_logs', { ...prod, pod: 'secret-rotator' }))).toContain(
      'TARGET_FAILED',
    )
    expect(
      await refusalOf(kit.run('kube_logs', { ...prod, pod: 'networkpolicy/inside' })),
    ).toContain('no pods')
  })

  test('a log of any length is read in flat memory', async () => {
    await cluster.kubectl([
      '-n',
      'prod',
      'run',
      'chatty',
      '--image=registry.local/busybox:1',
      '--restart=Never',
      '--',
      'sh',
      '-c',
      'i=0; while [ $i -lt 4 ]; do yes "a line that is said again and again, and holds nothing" | head -n 20000; i=$((i+1)); done; echo the needle',
    ])
    await cluster.kubectl([
      '-n',
      'prod',
      'wait',
      '--for=jsonpath={.status.phase}=Succeeded',
      'pod/chatty',
      '--timeout=120s',
    ])
    const before = process.memoryUsage().rss
    const { out } = await kit.run('kube_logs', { ...prod, pod: 'chatty', filter: 'needle' })
    expect(out.log).toBe('the needle\n')
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })
})

describe('kube_exec', () => {
  test('exit codes, stdin, both outputs, times', async () => {
    const both = await exec(['sh', '-c', 'echo out; echo err >&2; sleep 0.3; echo later; exit 3'])
    expect(both.out).toMatchObject({
      stdout: 'out\nlater\n',
      stderr: 'err\n',
      exit_code: 3,
      truncated: false,
    })
    expect(both.timeline).toBeGreaterThanOrEqual(3)
    expect((await exec(['cat'], { stdin: 'typed\n' })).out).toMatchObject({
      stdout: 'typed\n',
      exit_code: 0,
    })
    expect((await exec(['wc', '-c'], { stdin: 'x'.repeat(500_000) })).out.stdout).toBe('500000\n')
    expect((await exec(['true'])).out).toMatchObject({ stdout: '', exit_code: 0 })
    expect((await exec(['echo', 'a; b | c > d $(e)'])).out.stdout).toBe('a; b | c > d $(e)\n')
    expect((await exec(['sh', '-c', 'kill -9 $$'])).out.exit_code).toBe(137)
    expect(kit.prepared.at(-1)).toMatchObject({
      pod_uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      image: 'registry.local/busybox:1',
    })
  })

  test('what can not be run says so', async () => {
    expect(await refusalOf(exec(['nope']))).toContain('no such program')
    expect(await refusalOf(exec(['ls'], { container: 'nope' }))).toContain('app, side')
    expect(
      await refusalOf(kit.run('kube_exec', { ...prod, pod: 'web-9', argv: ['ls'] })),
    ).toContain('Did you mean web-0?')
    expect(
      await refusalOf(kit.run('kube_exec', { ...prod, pod: 'chatty', argv: ['ls'] })),
    ).toContain('not running')
  })

  test('a read is stopped in time and at its cap, a change that was not seen to end is unknown', async () => {
    expect((await exec(['sleep', '60'], { timeout_s: 1 })).out).toMatchObject({
      stopped: 'seconds',
      truncated: true,
    })
    const small = kitFor({ token: 'gateway-token' }, { limits: { ...limits, bytes: 10_000 } })
    const { out } = await small.run('kube_exec', { ...web, argv: ['seq', '100000000'] })
    expect(out).toMatchObject({ stopped: 'bytes', truncated: true })
    expect(String(out.stdout).length).toBeLessThanOrEqual(10_000)
    expect(
      await refusalOf(exec(['sh', '-c', 'sleep 5; touch /tmp/late'], { timeout_s: 1 })),
    ).toContain('OUTCOME_UNKNOWN')
  })

  test('a change is drained and counted in flat memory', async () => {
    const before = process.memoryUsage().rss
    const patient = kitFor({ token: 'gateway-token' }, { limits: { ...limits, seconds: 60 } })
    const { out } = await patient.run('kube_exec', {
      ...web,
      argv: ['sh', '-c', 'seq 10000000; touch /tmp/done'],
    })
    expect(out).toMatchObject({ exit_code: 0, output_bytes: 78_888_897, stopped: 'bytes' })
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('a pod that goes away during a command ends the call', async () => {
    await cluster.kubectl([
      '-n',
      'prod',
      'run',
      'brief',
      '--image=registry.local/busybox:1',
      '--restart=Never',
      '--',
      'sleep',
      '600',
    ])
    await cluster.kubectl([
      '-n',
      'prod',
      'wait',
      '--for=condition=Ready',
      'pod/brief',
      '--timeout=60s',
    ])
    const said = refusalOf(kit.run('kube_exec', { ...prod, pod: 'brief', argv: ['sleep', '600'] }))
    await sleep(1_000)
    await cluster.kubectl(['-n', 'prod', 'delete', 'pod', 'brief', '--grace-period=0', '--force'])
    expect(await said).toMatch(/^(TARGET_UNREACHABLE|TARGET_FAILED|it ran)/)
  })
})

describe('kube_change', () => {
  const map = (data: string) => ({
    action: 'apply',
    ...prod,
    manifest: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: ${data}`,
  })

  test('apply creates, changes, and says when nothing was other', async () => {
    expect((await kit.run('kube_change', map('{a: one}'))).out).toMatchObject({
      object: 'configmaps/made',
      change: 'created',
    })
    expect((await kit.run('kube_change', map('{a: two}'))).out).toMatchObject({
      change: 'configured',
      before: { data: { a: 'one' } },
      after: { data: { a: 'two' } },
    })
    expect((await kit.run('kube_change', map('{a: two}'))).out.change).toBe('unchanged')
  })

  test('a dry run is a read that changes nothing, and so is what an approver sees', async () => {
    const dry = await kit.run('kube_change', { ...map('{a: three}'), dry_run: true })
    expect(dry.effect).toBe('read')
    expect(dry.out).toMatchObject({ dry_run: true, after: { data: { a: 'three' } } })
    expect(await kit.preview('kube_change', map('{a: four}'))).toMatchObject({
      before: { data: { a: 'two' } },
      after: { data: { a: 'four' } },
    })
    expect(
      await cluster.kubectl(['-n', 'prod', 'get', 'cm', 'made', '-o', 'jsonpath={.data.a}']),
    ).toBe('two')
  })

  test('scale, restart, delete', async () => {
    const deployment = { resource: 'deploy', name: 'web', ...prod }
    expect(
      (await kit.run('kube_change', { action: 'scale', ...deployment, replicas: 2 })).out,
    ).toMatchObject({ change: 'scaled', before: { replicas: 1 }, after: { replicas: 2 } })
    // What we scaled ourselves is ours to apply.
    const manifest =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}'
    expect(
      (await kit.run('kube_change', { action: 'apply', ...prod, manifest })).out.after,
    ).toMatchObject({ spec: { replicas: 1 } })
    expect((await kit.run('kube_change', { action: 'restart', ...deployment })).out.change).toBe(
      'restarted',
    )
    expect(
      await kit.preview('kube_change', { action: 'delete', resource: 'cm', name: 'made', ...prod }),
    ).toMatchObject({ change: 'deleted' })
    expect(
      (await kit.run('kube_change', { action: 'delete', resource: 'cm', name: 'made', ...prod }))
        .out.change,
    ).toBe('deleted')
    expect(
      await refusalOf(
        kit.run('kube_change', { action: 'delete', resource: 'cm', name: 'made', ...prod }),
      ),
    ).toContain('TARGET_FAILED')
  })

  test('conflicts name the fields and who owns them; unknown fields are named', async () => {
    await cluster.kubectl(
      ['-n', 'prod', 'apply', '--server-side', '--field-manager=other-team', '-f', '-'],
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\ndata: {a: theirs}',
    )
    const manifest = (data: string) => ({
      action: 'apply',
      ...prod,
      manifest: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n${data}`,
    })
    const said = await refusalOf(kit.run('kube_change', manifest('data: {a: ours}')))
    expect(said).toContain('.data.a (other-team)')
    expect(
      await cluster.kubectl(['-n', 'prod', 'get', 'cm', 'theirs', '-o', 'jsonpath={.data.a}']),
    ).toBe('theirs')
    expect(await refusalOf(kit.run('kube_change', manifest('datta: {a: ours}')))).toMatch(
      /INPUT_REFUSED.*\.datta/,
    )
    expect(
      await refusalOf(
        kit.run('kube_change', {
          action: 'apply',
          ...prod,
          manifest: 'apiVersion: v1\nkind: Pod\nmetadata: {name: empty}\nspec: {containers: []}',
        }),
      ),
    ).toMatch(/INPUT_REFUSED.*spec\.containers/)
  })
})

describe('rights and credentials', () => {
  test('what the account may not do is named, and nothing else', async () => {
    const narrow = kitFor({ token: 'narrow-token' })
    expect(await refusalOf(narrow.run('kube_get', { resource: 'secrets' }))).toContain(
      "The gateway's account may not list secrets in namespace prod",
    )
    expect(
      await refusalOf(
        narrow.run('kube_change', { action: 'delete', resource: 'pod', name: 'web-0', ...prod }),
      ),
    ).toContain('may not delete pods')
    expect(await refusalOf(narrow.run('kube_logs', { ...prod, pod: 'deploy/web' }))).toContain(
      'may not get deployments.apps',
    )
  })

  test('a target that works as its caller has the rights of its caller', async () => {
    const as = kitFor({ token: 'gateway-token' }, { impersonate: true })
    const ana = { sub: 'ana@example.com', groups: ['narrow', 'system:masters'] }
    expect(
      (await as.run('kube_get', { resource: 'pods', name: 'web-0' }, ana)).out.rows,
    ).toHaveLength(1)
    expect(await refusalOf(as.run('kube_get', { resource: 'secrets' }, ana))).toContain(
      'You may not list secrets',
    )
    expect(
      (await as.run('kube_exec', { ...web, argv: ['sh', '-c', 'echo "$WORD"'] }, ana)).text,
    ).toContain('[masked:known]')
    expect(
      await refusalOf(as.run('kube_exec', { ...web, argv: ['ls'] }, { sub: 'nobody', groups: [] })),
    ).toContain('You may not create pods/exec')
    expect(
      await refusalOf(
        as.run('kube_get', { resource: 'pods' }, { sub: 'system:admin', groups: [] }),
      ),
    ).toContain('NOT_ALLOWED')
    const weak = kitFor({ token: 'narrow-token' }, { impersonate: true })
    expect(await refusalOf(weak.run('kube_get', { resource: 'pods' }, ana))).toContain(
      'may not work as you',
    )
  })

  test('tokens, certificates, files and leased credentials all prove who we are', async () => {
    const pki = (name: string): string => readFileSync(join(cluster.dir, 'pki', name), 'utf8')
    const works = async (made: Kit): Promise<unknown> =>
      (await made.run('kube_get', { resource: 'pods', name: 'web-0' })).out.rows
    const file = openKit(targetOf(cluster.kubeconfig), {})
    kits.push(file)
    expect((await file.run('kube_get', { resource: 'health' })).out.ready).toBe(true)
    expect(
      await works(
        kitFor({
          'client-certificate-data': Buffer.from(pki('admin.crt')).toString('base64'),
          'client-key-data': Buffer.from(pki('admin.key')).toString('base64'),
        }),
      ),
    ).toHaveLength(1)
    expect(await works(kitFor({}, {}, { credential: { token: 'gateway-token' } }))).toHaveLength(1)
    expect(
      await works(
        kitFor(
          {},
          {},
          { credential: { clientCertificate: pki('admin.crt'), clientKey: pki('admin.key') } },
        ),
      ),
    ).toHaveLength(1)
    expect(await refusalOf(works(kitFor({ token: 'wrong-token' })))).toContain(
      'does not take the credential',
    )
    const token = (await cluster.kubectl(['-n', 'prod', 'create', 'token', 'default'])).trim()
    const account = kitFor({ token })
    expect(await refusalOf(works(account))).toContain("The gateway's account may not get pods")
    const identity = await kit.opened.family.identify(
      (await import('../kube/support.ts')).sessionOf(targetOf(cluster.kubeconfig)),
    )
    expect(identity).toBe(
      `k8s:${await cluster.kubectl(['get', 'ns', 'kube-system', '-o', 'jsonpath={.metadata.uid}'])}`,
    )
  })

  test('a target that is open for some namespaces reaches no other', async () => {
    const some = kitFor({ token: 'gateway-token' }, { namespaces: ['prod'] })
    expect(await refusalOf(some.run('kube_get', { resource: 'pods' }))).toBe('it ran')
    for (const input of [
      { resource: 'pods', namespace: 'kube-system' },
      { resource: 'pods', all_namespaces: true },
      { resource: 'nodes' },
      { resource: 'namespaces' },
      { resource: 'access', namespace: 'default' },
    ])
      expect(await refusalOf(some.run('kube_get', input)), JSON.stringify(input)).toContain(
        'NOT_ALLOWED',
      )
    expect(await refusalOf(some.run('kube_logs', { namespace: 'default', pod: 'x' }))).toContain(
      'NOT_ALLOWED',
    )
  })
})

describe('what breaks', () => {
  const codes = /^(TARGET_UNREACHABLE|TARGET_FAILED|TIMEOUT|OUTCOME_UNKNOWN|it ran)/

  test('an API server that is killed during each tool ends each call with a code, and comes back', async () => {
    const calls = [
      refusalOf(exec(['sleep', '20'])),
      refusalOf(exec(['sh', '-c', 'sleep 20; touch /tmp/x'])),
    ]
    await sleep(1_500)
    cluster.kill('apiserver')
    calls.push(
      refusalOf(kit.run('kube_get', { resource: 'pods' })),
      refusalOf(kit.run('kube_logs', web)),
      refusalOf(
        kit.run('kube_change', {
          action: 'scale',
          resource: 'deploy',
          name: 'web',
          replicas: 1,
          ...prod,
        }),
      ),
    )
    const said = await Promise.all(calls)
    for (const one of said) expect(one).toMatch(codes)
    expect(said[0]).toContain('TARGET_UNREACHABLE')
    expect(said[1]).toContain('OUTCOME_UNKNOWN')
    expect(said[2]).toContain('TARGET_UNREACHABLE')
    await cluster.up()
    expect((await kit.run('kube_get', { resource: 'pods', name: 'web-0' })).out.rows).toHaveLength(
      1,
    )
  })

  test('a node that is gone ends logs and exec with a code', async () => {
    cluster.kill('node')
    await sleep(500)
    expect(await refusalOf(kit.run('kube_logs', web))).toMatch(
      /^(TARGET_FAILED|TARGET_UNREACHABLE|TIMEOUT)/,
    )
    expect(await refusalOf(exec(['ls']))).toMatch(/^(TARGET_FAILED|TARGET_UNREACHABLE|TIMEOUT)/)
    expect(await refusalOf(kit.run('kube_get', { resource: 'pods' }))).toBe('it ran')
  })
})

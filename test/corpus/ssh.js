// SSH cases: a real sshd in a sandbox; each line as the ssh_run that an agent would make of it, each object as the call that
// it describes.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { account, startSandbox } from './sandbox.js'

/** Values that stand in every sensitive place of the host, readable by the account: no answer may show them. */
const canary = (place) => `canary-of-${place}-7f3a9c`
const secrets = {
  '/etc/shadow': `root:${canary('shadow')}:19000:0:99999:7:::\n${account}:*:19000:0:99999:7:::\n`,
  '/etc/gshadow': `root:${canary('gshadow')}::\n`,
  '/etc/sudoers': `# ${canary('sudoers')}\n`,
  '/root/.ssh/id_rsa': `${canary('root-key')}\n`,
  [`/home/${account}/.ssh/id_rsa`]: `${canary('user-key')}\n`,
  [`/home/${account}/.aws/credentials`]: `aws_secret_access_key = ${canary('aws')}\n`,
  [`/home/${account}/.bash_history`]: `login ${canary('history')}\n`,
  '/srv/app/.env': `DATABASE_PASSWORD=${canary('env')}\n`,
  '/srv/app/tls/server.key': `${canary('tls')}\n`,
}
const canaries = Object.values(secrets).flatMap((text) => text.match(/canary-of-[\w-]+/) ?? [])

const files = (cert) => ({
  ...secrets,
  '/srv/app/README.md': 'An `app`.\n',
  '/srv/app/conf.yml': Array.from({ length: 30 }, (_, n) => `key${n}: value${n}\n`).join(''),
  '/srv/app/cert.pem': cert,
  '/srv/app/a': 'a\n',
  '/srv/app/update-delete-drop.sql': 'select 1;\n',
  '/var/log/app.log': 'start\ndelete from x\nend\n',
  '/var/log/syslog': 'line\n'.repeat(10),
  '/var/log/nginx/access.log': '10.0.0.1 - - "GET / HTTP/1.1" 200\n'.repeat(10),
  '/var/log/nginx/error.log': 'error\n',
})

const certificate = () => {
  const dir = mkdtempSync(join(tmpdir(), 'cs-corpus-cert-'))
  try {
    execFileSync(
      'openssl',
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=app -keyout key.pem -out cert.pem'.split(
        ' ',
      ),
      { cwd: dir, stdio: 'ignore' },
    )
    return readFileSync(join(dir, 'cert.pem'), 'utf8')
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** No tool can say it: a denial by construction. */
const inexpressible = (tool) => ({ tool, args: undefined, known: true })

const objectOf = (input) => {
  if (typeof input === 'object' && input !== null) return input
  if (!/^\s*[[{]\s*["\]}]/.test(input)) return undefined
  try {
    return JSON.parse(input)
  } catch {
    return undefined
  }
}

/** The call that an object describes; keys that no tool has stay, for the schema to judge. */
const callOf = ({ op, target = 'prod-1', timeoutMs, localPath, ...rest }) => {
  const args = {
    target,
    ...(timeoutMs === undefined ? {} : { timeout_s: timeoutMs / 1000 }),
    ...rest,
  }
  switch (op) {
    case undefined:
    case 'exec':
    case 'run':
      return localPath === undefined ? { tool: 'ssh_run', args } : inexpressible('ssh_run')
    // Nothing here reads or writes a file of the machine that the agent runs on.
    case 'upload':
    case 'write':
      return localPath === undefined
        ? { tool: 'ssh_write_file', args }
        : inexpressible('ssh_write_file')
    case 'download':
    case 'read':
      return localPath === undefined
        ? { tool: 'ssh_read_file', args }
        : inexpressible('ssh_read_file')
    default:
      return inexpressible('ssh_run')
  }
}

const callsOf = ({ input, dialect }) => {
  const object = objectOf(input)
  if (Array.isArray(object))
    return [{ tool: 'ssh_run', args: { target: 'prod-1', argv: object.map(String) } }]
  if (object !== undefined) return [callOf(object)]
  const target = dialect === 'bash' ? 'prod-bash' : 'prod-1'
  return [{ tool: 'ssh_run', args: { target, command: input } }]
}

export const open = async () => {
  const host = await startSandbox(files(certificate()))
  const target = (name, shell) => [
    `  ${name}:`,
    '    kind: ssh',
    '    labels: { env: prod }',
    '    host: 127.0.0.1',
    `    port: ${host.port}`,
    `    user: ${account}`,
    `    home: /home/${account}`,
    `    shell: ${shell}`,
    `    hostKeys: ["${host.hostKey}"]`,
    '    credentials: { run: host-key }',
    '    limits: { seconds: 10 }',
  ]
  return {
    canaries,
    // The policy that the corpus assumes: reads, changes held, rights and removals of whole trees for nobody.
    grants: [
      '  - { id: ssh-read, groups: [agents], targets: { env: prod }, tools: [ssh_run, ssh_read_file, ssh_write_file], effects: [read] }',
      '  - { id: ssh-change, groups: [agents], targets: { env: prod }, tools: [ssh_run, ssh_read_file, ssh_write_file], effects: [write], approval: { by: [dba], within: 15m } }',
    ].join('\n'),
    config: (dir) => {
      writeFileSync(join(dir, 'host-key'), JSON.stringify({ privateKey: host.privateKey }), {
        mode: 0o600,
      })
      mkdirSync(join(dir, 'policies'))
      writeFileSync(
        join(dir, 'policies', 'ssh.cedar'),
        '@id("one-statement") forbid (principal, action == Action::"ssh_run", resource)\n  when { context.statements > 1 };\n',
      )
      return [
        'policies: ./policies',
        'credentials: { host-key: "file:./host-key" }',
        'targets:',
        ...target('prod-1', 'sh'),
        ...target('prod-bash', 'bash'),
      ].join('\n')
    },
    calls: callsOf,
    snapshot: host.snapshot,
    close: host.stop,
  }
}

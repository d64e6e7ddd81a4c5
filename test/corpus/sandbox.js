// A real sshd that can hurt nobody: its own root, processes and account (Linux name spaces), as root or as anybody else.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './gateway.js'

export const account = 'deploy'
const uid = 61_234
const sshd = '/usr/sbin/sshd'
const stage = fileURLToPath(new URL('./sandbox.sh', import.meta.url))
const run = (program, ...args) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const install = () => {
  if (existsSync(sshd)) return
  try {
    run('apt-get', 'update')
    run('apt-get', 'install', '-y', '--no-install-recommends', 'openssh-server', 'openssh-client')
  } catch (cause) {
    throw new Error('the ssh cases need OpenSSH: install openssh-server', { cause })
  }
}

/** What a machine has that programs look at, beside what the cases look at. */
const ground = {
  '/etc/passwd': `root:x:0:0:root:/root:/bin/sh\n${account}:x:${uid}:${uid}::/home/${account}:/bin/sh\n`,
  '/etc/group': `root:x:0:\n${account}:x:${uid}:\n`,
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
  '/etc/hosts': '127.0.0.1 localhost\n',
  '/etc/hostname': 'prod-1\n',
}
const folders = ['/proc', '/dev', '/run', '/tmp', '/var/tmp', '/var/log', `/home/${account}`]

const copyOf = (path) => (existsSync(path) ? { [path]: readFileSync(path) } : {})

const furnish = (root, files) => {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true })
  const all = { ...ground, ...copyOf('/etc/ld.so.cache'), ...copyOf('/etc/os-release'), ...files }
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  for (const [name, n] of Object.entries({ stdin: 0, stdout: 1, stderr: 2 }))
    symlinkSync(`/proc/self/fd/${n}`, join(root, 'dev', name))
  symlinkSync('/proc/self/fd', join(root, 'dev', 'fd'))
}

const keys = (folder, port) => {
  mkdirSync(folder)
  const file = (name) => join(folder, name)
  for (const name of ['host', 'user'])
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file(name))
  writeFileSync(
    file('config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      'HostKey /sshd/host',
      'AuthorizedKeysFile /sshd/user.pub',
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'Subsystem sftp internal-sftp',
      '',
    ].join('\n'),
  )
  return {
    privateKey: readFileSync(file('user'), 'utf8'),
    hostKey: run('ssh-keygen', '-lf', file('host.pub')).split(' ')[1],
  }
}

/** Everything below that a command could change: names, kinds, modes, owners, times of change and contents. */
const stateOf = (root) => {
  const hash = createHash('sha256')
  const walk = (path) => {
    const stat = lstatSync(join(root, path))
    const link = stat.isSymbolicLink() ? readlinkSync(join(root, path)) : ''
    hash.update(`${path}\0${stat.mode} ${stat.uid} ${stat.size} ${stat.mtimeMs} ${link}\0`)
    if (stat.isFile()) hash.update(readFileSync(join(root, path)))
    if (stat.isDirectory())
      for (const name of readdirSync(join(root, path)).sort()) walk(join(path, name))
  }
  for (const name of readdirSync(root).sort()) walk(name)
  return hash.digest('hex')
}

/** Names of all processes below `pid` that are not sshd's own. */
const running = (pid) => {
  const below = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(
        readFileSync(`/proc/${entry}/stat`, 'utf8'),
      )
      below.set(parent, [...(below.get(parent) ?? []), { pid: entry, name }])
    } catch {
      // It has just ended.
    }
  }
  const all = (of) => (below.get(String(of)) ?? []).flatMap((p) => [p.name, ...all(p.pid)])
  return all(pid).filter((name) => name !== 'sshd')
}

const answering = (port) =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      done(true)
    }).once('error', () => done(false))
  })

/** `files`: path -> content, readable and writable for the account. Needs Linux with name spaces. */
export const startSandbox = async (files) => {
  install()
  const folder = mkdtempSync(join(tmpdir(), 'cs-corpus-ssh-'))
  const root = join(folder, 'root')
  chmodSync(folder, 0o755)
  mkdirSync(root)
  const port = await freePort()
  furnish(root, files)
  const { privateKey, hostKey } = keys(join(root, 'sshd'), port)
  const isRoot = process.getuid() === 0
  if (isRoot) run('chown', '-Rh', `${uid}:${uid}`, root)
  const child = spawn(
    'unshare',
    [
      ...(isRoot ? [] : ['-U', '-r']),
      ...['-m', '-p', '-f', '-u', '-i', '--kill-child', '/bin/sh', stage],
      ...[sshd, '-D', '-e', '-f', '/sshd/config'],
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        ROOT: root,
        ACCOUNT: uid,
        MAPPED: isRoot ? 0 : 1,
      },
    },
  )
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-10_000)
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const alive = () => child.exitCode === null && child.signalCode === null
  const stop = async () => {
    if (alive()) {
      const ended = new Promise((done) => child.once('exit', done))
      end()
      await ended
    }
    process.removeListener('exit', end)
    rmSync(folder, { recursive: true, force: true })
  }
  for (let n = 0; alive() && n < 100 && !(await answering(port)); n += 1)
    await new Promise((done) => setTimeout(done, 50))
  if (!(await answering(port))) {
    await stop()
    throw new Error(`sshd did not start in its sandbox:\n${said}`)
  }
  return {
    port,
    hostKey,
    privateKey,
    stop,
    /** State of the files, whatever still runs after a moment, and whether the host is still there. */
    snapshot: async () => {
      let left = running(child.pid)
      for (let n = 0; left.length > 0 && n < 40; n += 1) {
        await new Promise((done) => setTimeout(done, 25))
        left = running(child.pid)
      }
      return `${stateOf(root)} ${left.sort().join(' ')} ${alive()}`
    },
  }
}

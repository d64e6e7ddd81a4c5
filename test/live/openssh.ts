/** A real sshd on loopback with keys of its own, and an account on this machine to sign in to. Stopped by `stop`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const account = 'cs-live'
export const password = 'correct horse 7 battery'
const binary = '/usr/sbin/sshd'

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const at = server.address()
      server.close(() => done(typeof at === 'object' && at ? at.port : 0))
    })
  })
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** sshd from Debian's packages and the account; both stay, as on any machine of this kind. */
export const installOpenssh = (): void => {
  if (!existsSync(binary)) {
    run('apt-get', 'update')
    run('apt-get', 'install', '-y', '--no-install-recommends', 'openssh-server', 'openssh-client')
  }
  mkdirSync('/run/sshd', { recursive: true })
  try {
    run('id', account)
  } catch {
    run('useradd', '-m', '-s', '/bin/bash', account)
  }
  run('usermod', '-p', run('openssl', 'passwd', '-6', password).trim(), account)
}

export interface Openssh {
  readonly port: number
  readonly folder: string
  /** Fingerprints by kind of key. */
  readonly hostKeys: Readonly<Record<'ed25519' | 'ecdsa' | 'rsa', string>>
  readonly key: (name: string) => string
  readonly certificate: (name: string) => string
  stop(): Promise<void>
}

const fingerprint = (file: string): string => run('ssh-keygen', '-lf', file).split(' ')[1] ?? ''

/** `extra` are further lines of sshd_config. Keys: `user` (ed25519), `ecdsa`, `rsa`, `locked` (with passphrase), each with a certificate of the CA that is trusted. */
export const startOpenssh = async (extra: readonly string[] = []): Promise<Openssh> => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-sshd-'))
  run('chmod', '755', folder)
  const file = (name: string): string => join(folder, name)
  for (const kind of ['ed25519', 'ecdsa', 'rsa'])
    run('ssh-keygen', '-q', '-t', kind, '-N', '', '-f', file(`host-${kind}`))
  run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file('ca'))
  const users = [
    ['user', 'ed25519', ''],
    ['ecdsa', 'ecdsa', ''],
    ['rsa', 'rsa', ''],
    ['locked', 'ed25519', 'open sesame'],
    ['stranger', 'ed25519', ''],
  ] as const
  for (const [name, kind, phrase] of users) {
    run('ssh-keygen', '-q', '-t', kind, '-N', phrase, '-f', file(name))
    if (name !== 'stranger')
      run(
        'ssh-keygen',
        '-q',
        '-s',
        file('ca'),
        '-I',
        name,
        '-n',
        account,
        '-V',
        '+1d',
        file(`${name}.pub`),
      )
  }
  writeFileSync(
    file('authorized'),
    ['user', 'locked'].map((n) => readFileSync(file(`${n}.pub`), 'utf8')).join(''),
  )
  run('chmod', '644', file('authorized'))
  const port = await freePort()
  writeFileSync(
    file('config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      'UsePAM no',
      'StrictModes no',
      'KbdInteractiveAuthentication no',
      ...['ed25519', 'ecdsa', 'rsa'].map((k) => `HostKey ${file(`host-${k}`)}`),
      `PidFile ${file('pid')}`,
      `AuthorizedKeysFile ${file('authorized')}`,
      `TrustedUserCAKeys ${file('ca.pub')}`,
      'Subsystem sftp internal-sftp',
      'LogLevel VERBOSE',
      ...extra,
      '',
    ].join('\n'),
  )
  const child: ChildProcess = spawn(binary, ['-D', '-f', file('config'), '-E', file('log')], {
    stdio: 'ignore',
  })
  await answering(port)
  return {
    port,
    folder,
    hostKeys: {
      ed25519: fingerprint(file('host-ed25519.pub')),
      ecdsa: fingerprint(file('host-ecdsa.pub')),
      rsa: fingerprint(file('host-rsa.pub')),
    },
    key: (name) => readFileSync(file(name), 'utf8'),
    certificate: (name) => readFileSync(file(`${name}-cert.pub`), 'utf8'),
    stop: async () => {
      const gone = new Promise((done) => child.once('exit', done))
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const answering = async (port: number): Promise<void> => {
  for (let n = 0; n < 100; n += 1) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        done(true)
      }).once('error', () => done(false))
    })
    if (open) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('sshd did not start')
}

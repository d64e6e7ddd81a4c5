/** The SSH tools against OpenSSH's own sshd. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SshFamily, sshFamily } from '../../src/tools/ssh/index.ts'
import type { SshTarget } from '../../src/types.ts'
import { call, credentialOf, fieldsOf, sessionOf, targetOf, text } from '../ssh/session.ts'
import { account, installOpenssh, type Openssh, password, startOpenssh } from './openssh.ts'

let sshd: Openssh
let ssh: SshFamily
let root: string
beforeAll(async () => {
  installOpenssh()
  sshd = await startOpenssh()
  ssh = sshFamily()
  root = mkdtempSync('/srv/cs-live-')
  execFileSync('chown', [account, root])
})
afterAll(async () => {
  await ssh?.family.close()
  await sshd?.stop()
  if (root) rmSync(root, { recursive: true, force: true })
})

const target = (more: Partial<SshTarget> = {}): SshTarget =>
  targetOf(sshd.port, [sshd.hostKeys.ed25519], { user: account, roots: [root], ...more })
const withKey = (more: Partial<SshTarget> = {}) =>
  sessionOf(target(more), credentialOf({ privateKey: sshd.key('user') }))
const run = (command: string, session = withKey()) =>
  call(ssh.tools, 'ssh_run', { command }, session)

describe('signing in', () => {
  test('by password', async () => {
    const session = sessionOf(target(), credentialOf({ password }, 'password'))
    expect(text(await run('whoami', session))).toBe(`${account}\n`)
  })
  test('by key, and by a key with a passphrase', async () => {
    expect(text(await run('whoami'))).toBe(`${account}\n`)
    const locked = credentialOf(
      { privateKey: sshd.key('locked'), passphrase: 'open sesame' },
      'locked',
    )
    expect(text(await run('whoami', sessionOf(target(), locked)))).toBe(`${account}\n`)
  })
  test.each(['user', 'ecdsa', 'rsa'])('by certificate: %s', async (name) => {
    const credential = credentialOf(
      { privateKey: sshd.key(name), certificate: sshd.certificate(name) },
      `cert-${name}`,
    )
    expect(text(await run('whoami', sessionOf(target(), credential)))).toBe(`${account}\n`)
    expect(readFileSync(join(sshd.folder, 'log'), 'utf8')).toMatch(
      new RegExp(`Accepted publickey .*-CERT .*ID ${name} `),
    )
  })
  test('a stranger is turned away in our words', async () => {
    const stranger = sessionOf(
      target(),
      credentialOf({ privateKey: sshd.key('stranger') }, 'stranger'),
    )
    await expect(run('id', stranger)).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      message: 'web-1 did not accept the credential.',
    })
    const wrong = sessionOf(target(), credentialOf({ password: 'wrong' }, 'wrong'))
    await expect(run('id', wrong)).rejects.toMatchObject({ code: 'TARGET_FAILED' })
  })
  test.each(['ed25519', 'ecdsa', 'rsa'] as const)(
    'with the %s key of the host pinned',
    async (kind) => {
      const pinned = withKey({ hostKeys: [sshd.hostKeys[kind]] })
      expect(text(await run('echo in', pinned))).toBe('in\n')
      expect(await ssh.family.identify(pinned)).toBe(`ssh:${sshd.hostKeys[kind]}/${account}`)
    },
  )
  test('a host key that changed is not spoken to', async () => {
    const other = withKey({ hostKeys: [`SHA256:${'A'.repeat(43)}`] })
    await expect(run('id', other)).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining('not pinned'),
    })
    expect(readFileSync(join(sshd.folder, 'log'), 'utf8')).not.toMatch(/Accepted.*\n.*not pinned/)
  })
})

describe('running', () => {
  test('exit code, stdout and stderr apart, in the environment that was chosen', async () => {
    const output = await run('echo out; ls /nonexistent; exit 7')
    expect(text(output)).toBe('out\n')
    expect(text(output, 'stderr')).toContain('nonexistent')
    expect(fieldsOf(output)).toMatchObject({ exit_code: 7 })
    expect(text(await run('printenv PATH HOME USER LANG'))).toBe(
      `/usr/local/bin:/usr/bin:/bin\n/home/${account}\n${account}\nC.UTF-8\n`,
    )
    expect(text(await run('printenv SSH_CONNECTION'))).toBe('')
  })
  test.each(['sh', 'bash'] as const)('what was parsed is what runs, by %s', async (shell) => {
    const session = withKey({ shell })
    const odd = `printf '%s|' 'a!b' 'c\\d' "it's" '$HOME' '%n' '  '\nprintf '%s' 'two
lines'`
    expect(text(await run(odd, session))).toBe("a!b|c\\d|it's|$HOME|%n|  |two\nlines")
    expect(text(await run('echo "$0"', session))).not.toContain('$')
    const words = [
      'printf',
      '%s|',
      'a b',
      "it's",
      '$(id)',
      '!x',
      'back\\slash',
      'new\nline',
      '*',
      '',
    ]
    expect(text(await call(ssh.tools, 'ssh_run', { argv: words }, session))).toBe(
      "a b|it's|$(id)|!x|back\\slash|new\nline|*||",
    )
  })
  test('in the folder that was asked for, and with stdin', async () => {
    expect(text(await call(ssh.tools, 'ssh_run', { command: 'pwd', cwd: root }, withKey()))).toBe(
      `${root}\n`,
    )
    expect(
      fieldsOf(await call(ssh.tools, 'ssh_run', { command: 'pwd', cwd: '/no such' }, withKey())),
    ).toMatchObject({ exit_code: 126 })
    expect(
      text(
        await call(
          ssh.tools,
          'ssh_run',
          { command: 'wc -c', stdin: 'x'.repeat(500_000) },
          withKey(),
        ),
      ).trim(),
    ).toBe('500000')
    expect(
      fieldsOf(
        await call(
          ssh.tools,
          'ssh_run',
          { command: 'true', stdin: 'x'.repeat(900_000) },
          withKey(),
        ),
      ),
    ).toMatchObject({ exit_code: 0 })
  })
  test('no function, alias or PATH of the login shell has a say', async () => {
    const home = `/home/${account}`
    writeFileSync(`${home}/.bashrc`, 'ls() { echo shadowed; }\nexport PATH=/nowhere\n')
    try {
      expect(text(await run('ls -d /srv'))).toBe('/srv\n')
    } finally {
      writeFileSync(`${home}/.bashrc`, '')
    }
  })
  test('at its time limit the whole group of processes is stopped', async () => {
    const started = Date.now()
    const output = await call(
      ssh.tools,
      'ssh_run',
      { command: "sh -c 'sleep 97; echo never'", timeout_s: 1 },
      withKey(),
    )
    expect(fieldsOf(output)).toMatchObject({ stopped: 'seconds', signal: 'SIGINT' })
    expect(Date.now() - started).toBeLessThan(6000)
    expect(text(await run('pgrep -f "sleep 9[7]"'))).toBe('')
  })
  test('a command that ignores INT and TERM is killed', async () => {
    const output = await call(
      ssh.tools,
      'ssh_run',
      { command: "trap '' INT TERM; while true; do sleep 96; done", timeout_s: 1 },
      withKey(),
    )
    expect(fieldsOf(output)).toMatchObject({ stopped: 'seconds', signal: 'SIGKILL' })
    expect(text(await run('pgrep -f "sleep 9[6]"'))).toBe('')
  })
  test('a read is stopped at its cap; a write is drained, counted and finished', async () => {
    const session = () =>
      sessionOf(target(), credentialOf({ privateKey: sshd.key('user') }), {
        limits: { bytes: 50_000 },
      })
    const read = await run('cat /dev/zero', session())
    expect(fieldsOf(read)).toMatchObject({ stopped: 'bytes' })
    expect(text(read).length).toBe(50_000)
    const written = await run(`head -c 3000000 /dev/zero; touch ${root}/done`, session())
    expect(fieldsOf(written)).toMatchObject({ exit_code: 0, output_bytes: 3_000_000 })
    expect(text(await run(`ls ${root}/done`))).toBe(`${root}/done\n`)
  })
  test('a gigabyte of output leaves memory flat', async () => {
    const session = sessionOf(target(), credentialOf({ privateKey: sshd.key('user') }), {
      limits: { bytes: 100_000, seconds: 120 },
    })
    const before = process.memoryUsage().rss
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 50)
    const output = await run(`head -c 1000000000 /dev/zero; touch ${root}/big`, session)
    clearInterval(watch)
    expect(fieldsOf(output)).toMatchObject({ exit_code: 0, output_bytes: 1_000_000_000 })
    expect(most - before).toBeLessThan(200_000_000)
  })
  test('more calls at once than sessions fit', async () => {
    const session = () =>
      sessionOf(target(), credentialOf({ privateKey: sshd.key('user') }), {
        limits: { concurrency: 30 },
      })
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, i) => run(`echo ${i}`, session())),
    )
    expect(all.map((o) => text(o).trim())).toEqual(Array.from({ length: 100 }, (_, i) => String(i)))
  })
})

describe('files', () => {
  const files = (name: string, given: object) => call(ssh.tools, name, given, withKey())
  test('are read by ranges', async () => {
    writeFileSync(`${root}/a.txt`, 'äöü'.repeat(20_000))
    const first = fieldsOf(await files('ssh_read_file', { path: `${root}/a.txt`, length: 7 }))
    expect(first).toMatchObject({ content: 'äöü', next_offset: 6, size: 120_000 })
    expect(
      fieldsOf(await files('ssh_read_file', { path: `${root}/a.txt`, offset: 119_999 })),
    ).toMatchObject({ content: '' })
    const whole = fieldsOf(await files('ssh_read_file', { path: `${root}/a.txt`, length: 200_000 }))
    expect(whole.sha256).toBe(createHash('sha256').update('äöü'.repeat(20_000)).digest('hex'))
    writeFileSync(`${root}/b.bin`, Buffer.from([0xff, 0xfe, 0, 1]))
    expect(fieldsOf(await files('ssh_read_file', { path: `${root}/b.bin` }))).toMatchObject({
      binary: true,
    })
  })
  test('are written in one step, with mode and expected hash', async () => {
    const path = `${root}/c.conf`
    const made = fieldsOf(await files('ssh_write_file', { path, content: 'one\n', mode: '0640' }))
    expect(made).toMatchObject({ created: true, bytes: 4 })
    expect(text(await run(`stat -c %a ${path}`))).toBe('640\n')
    await expect(
      files('ssh_write_file', { path, content: 'x', expected_sha256: '0'.repeat(64) }),
    ).rejects.toMatchObject({ code: 'TARGET_FAILED' })
    expect(
      fieldsOf(
        await files('ssh_write_file', {
          path,
          content: Buffer.from('two\n').toString('base64'),
          encoding: 'base64',
          expected_sha256: made.sha256,
        }),
      ),
    ).toMatchObject({ created: false })
    expect(readFileSync(path, 'utf8')).toBe('two\n')
    expect(text(await run(`stat -c %a ${path}`))).toBe('640\n')
    expect(text(await run(`ls -A ${root}`))).not.toMatch(/c\.conf\.[0-9a-f]{16}/)
  })
  test('show the approver what changes', async () => {
    writeFileSync(`${root}/d.conf`, 'a\nb\nc\n')
    const tool = ssh.tools.find((t) => t.name === 'ssh_write_file')
    const input = { target: 'web-1', path: `${root}/d.conf`, content: 'a\nB\nc\n' }
    const facts = await tool?.facts(input, {
      target: target(),
      catalogue: async () => null as never,
    })
    const preview = facts && (await tool?.preview?.(input, facts, withKey()))
    expect(preview).toMatchObject({ exists: true, diff: '@@ from line 1 @@\n a\n-b\n+B\n c\n ' })
    expect(readFileSync(`${root}/d.conf`, 'utf8')).toBe('a\nb\nc\n')
  })
  test('are not reached through a link that leads out', async () => {
    mkdirSync(`${root}/sub`)
    symlinkSync('/etc/hostname', `${root}/out`)
    symlinkSync('/tmp', `${root}/away`)
    symlinkSync(`${root}/a.txt`, `${root}/in`)
    await expect(files('ssh_read_file', { path: `${root}/out` })).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    })
    await expect(
      files('ssh_write_file', { path: `${root}/away/x`, content: '' }),
    ).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
    await expect(
      files('ssh_write_file', { path: `${root}/out`, content: '' }),
    ).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
    expect(fieldsOf(await files('ssh_read_file', { path: `${root}/in`, length: 6 }))).toMatchObject(
      { path: `${root}/a.txt` },
    )
    await expect(
      files('ssh_read_file', { path: `${root}/../../etc/hostname` }),
    ).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    await expect(files('ssh_read_file', { path: `${root}/missing` })).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      teaching: { targetCode: '2' },
    })
  })
})

describe('hosts that were narrowed by their owner', () => {
  test('a forced command gets the text and is not wrapped', async () => {
    const forced = await startOpenssh(['ForceCommand echo "forced: $SSH_ORIGINAL_COMMAND"'])
    try {
      const session = sessionOf(
        targetOf(forced.port, [forced.hostKeys.ed25519], { user: account, forcedCommand: true }),
        credentialOf({ privateKey: forced.key('user') }, 'forced'),
      )
      expect(text(await run('uptime -p', session))).toBe('forced: uptime -p\n')
      expect(text(await call(ssh.tools, 'ssh_run', { argv: ['echo', 'a b'] }, session))).toBe(
        "forced: 'echo' 'a b'\n",
      )
    } finally {
      await forced.stop()
    }
  })
  test('internal-sftp with a chroot serves files and runs nothing', async () => {
    const jail = mkdtempSync('/srv/cs-jail-')
    execFileSync('chmod', ['755', jail])
    mkdirSync(join(jail, 'srv'))
    execFileSync('chown', [account, join(jail, 'srv')])
    const only = await startOpenssh([`ChrootDirectory ${jail}`, 'ForceCommand internal-sftp'])
    try {
      const session = sessionOf(
        targetOf(only.port, [only.hostKeys.ed25519], { user: account, roots: ['/srv'] }),
        credentialOf({ privateKey: only.key('user') }, 'jail'),
      )
      await call(ssh.tools, 'ssh_write_file', { path: '/srv/x', content: 'in jail' }, session)
      expect(readFileSync(join(jail, 'srv/x'), 'utf8')).toBe('in jail')
      expect(
        fieldsOf(await call(ssh.tools, 'ssh_read_file', { path: '/srv/x' }, session)),
      ).toMatchObject({ content: 'in jail' })
      const tried = await call(ssh.tools, 'ssh_run', { command: 'id', timeout_s: 2 }, session).then(
        fieldsOf,
        (error: unknown) => error,
      )
      expect(tried).not.toMatchObject({ exit_code: 0 })
    } finally {
      await only.stop()
      rmSync(jail, { recursive: true, force: true })
    }
  })
  test('one session at a time is enough', async () => {
    const narrow = await startOpenssh(['MaxSessions 1'])
    try {
      const session = () =>
        sessionOf(
          targetOf(narrow.port, [narrow.hostKeys.ed25519], { user: account }),
          credentialOf({ privateKey: narrow.key('user') }, 'narrow'),
        )
      const all = await Promise.all(
        Array.from({ length: 12 }, (_, i) => run(`echo ${i}`, session())),
      )
      expect(all.map((o) => text(o).trim())).toEqual(
        Array.from({ length: 12 }, (_, i) => String(i)),
      )
    } finally {
      await narrow.stop()
    }
  })
})

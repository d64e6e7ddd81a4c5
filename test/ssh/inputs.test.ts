/** What never reaches a host: inputs that are refused by their shape or by their facts. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { GateError } from '../../src/errors.ts'
import { sshFamily } from '../../src/tools/ssh/index.ts'
import type { SshTarget, Tool } from '../../src/types.ts'
import { targetOf } from './session.ts'

const { tools } = sshFamily()
const toolOf = (name: string): Tool => {
  const tool = tools.find((t) => t.name === name)
  if (!tool) throw new Error(name)
  return tool
}
const judged = async (name: string, given: object, more: Partial<SshTarget> = {}) => {
  const tool = toolOf(name)
  const read = tool.input.safeParse({ target: 'web-1', ...given })
  if (!read.success) return 'mistyped'
  const target = targetOf(22, ['SHA256:x'], { roots: ['/srv'], ...more })
  return tool
    .facts(read.data, { target, catalogue: async () => null as never })
    .then((facts) => facts.effect)
    .catch((error: unknown) => (error instanceof GateError ? error.code : error))
}
const refused = ['mistyped', 'INPUT_REFUSED']

describe('ssh_run', () => {
  test.each([
    {},
    { command: 'ls', argv: ['ls'] },
    { command: '' },
    { argv: [] },
    { argv: ['-x'] },
    { argv: [''] },
    { argv: 'ls; id' },
    { argv: Array.from({ length: 501 }, () => 'x') },
    { argv: ['ls', 'x'.repeat(130_000)] },
    { command: 'ls', cwd: '$(id)' },
    { command: 'ls', cwd: 'relative' },
    { command: 'ls', cwd: '/srv\nx' },
    { command: 'cat shadow', cwd: '/etc' },
    { argv: ['cat', 'shadow'], cwd: '/etc' },
    { command: 'ls', timeout_s: -1 },
    { command: 'ls', timeout_s: 1e15 },
    { command: 'ls', timeout_s: 1.5 },
    { command: 'ls', port: '22 -oProxyCommand=id' },
    { command: 'ls', env: { PATH: '/tmp' } },
    { command: 7 },
    { command: 'sh', stdin: 'rm -rf /' },
    { argv: ['bash', '-s'], stdin: 'rm' },
  ])('%j', async (given) => {
    expect(refused).toContain(await judged('ssh_run', given))
  })
  test('a host with a command of its own takes no folder', async () => {
    expect(await judged('ssh_run', { command: 'ls', cwd: '/srv' }, { forcedCommand: true })).toBe(
      'INPUT_REFUSED',
    )
  })
  test('the shell of the target decides how the text is read', async () => {
    expect(await judged('ssh_run', { command: '[[ a = b ]]' })).toBe('INPUT_REFUSED')
    expect(await judged('ssh_run', { command: '[[ a = b ]]' }, { shell: 'bash' })).toBe('read')
  })
  test('what the configuration says of programs holds, and a mistake there is told', async () => {
    expect(
      await judged(
        'ssh_run',
        { command: 'appctl status' },
        { programs: { appctl: { sub: { status: {} } } } },
      ),
    ).toBe('read')
    expect(await judged('ssh_run', { command: 'ls' }, { programs: { appctl: { wrong: 1 } } })).toBe(
      'CONFIG_INVALID',
    )
  })
})

describe('files', () => {
  test.each([
    '/etc/hostname',
    '/srv/../etc/hostname',
    '/srv/.env',
    '/srv/u/.ssh/id_rsa',
    'srv/x',
    '',
    '/srv/a\nb',
    '/srv/a\u202eb',
    '/srv/server.key',
    '/srvx/a',
  ])('%j is not read', async (path) => {
    expect(refused).toContain(await judged('ssh_read_file', { path }))
  })
  test.each([
    '/srv/u/.ssh/authorized_keys',
    '/srv/u/.bashrc',
    '/etc/cron.d/x',
    '/srv/.git/hooks/pre-commit',
  ])('%j is not written', async (path) => {
    expect(await judged('ssh_write_file', { path, content: '' })).toBe('INPUT_REFUSED')
  })
  test('inside the roots they are a read and a write', async () => {
    expect(await judged('ssh_read_file', { path: '/srv/x' })).toBe('read')
    expect(await judged('ssh_write_file', { path: '/srv/x', content: '', mode: '0644' })).toBe(
      'write',
    )
  })
  test.each([
    { content: '%%', encoding: 'base64' },
    { content: '', mode: '4755' },
    { content: '', mode: 'abc' },
    { content: '', localPath: '/etc/passwd' },
    {},
  ])('mistyped writes: %j', async (given) => {
    expect(refused).toContain(await judged('ssh_write_file', { path: '/srv/x', ...given }))
  })
  test.each([
    { offset: -1 },
    { length: 0 },
    { length: 1e12 },
    { localPath: '/root/.ssh/authorized_keys' },
  ])('mistyped reads: %j', async (given) => {
    expect(await judged('ssh_read_file', { path: '/srv/x', ...given })).toBe('mistyped')
  })
})

test('the tools are small: every byte is read by every model on every start', () => {
  for (const { name, description, input } of tools) {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input' })
    expect(JSON.stringify({ name, description, inputSchema: schema }).length).toBeLessThan(600)
  }
})

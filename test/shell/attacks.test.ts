import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { parsePrograms } from '../../src/tools/shell/config.ts'
import { argvFacts, shellFacts } from '../../src/tools/shell/facts.ts'
import { pathFacts } from '../../src/tools/shell/path-facts.ts'
import { admin, refused, writes } from './attacks.ts'
import { evasions } from './evasions.ts'

const options = { roots: ['/srv', '/var/log'], sensitive: ['/srv/vault'], programs: new Map() }
const judged = (text: string, dialect: 'sh' | 'bash' = 'sh'): string => {
  try {
    return shellFacts(text, dialect, options).effect
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}
const words = (...argv: string[]): string => {
  try {
    return argvFacts(argv, options).effect
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

describe('refused for everybody', () => {
  test.each(refused)('%s', (text) =>
    expect([judged(text), judged(text, 'bash')]).toEqual(['INPUT_REFUSED', 'INPUT_REFUSED']),
  )
})
describe('a write', () => {
  test.each(writes)('%s', (text) => expect(judged(text)).toBe('write'))
})
describe('an admin change', () => {
  test.each(admin)('%s', (text) => expect(judged(text)).toBe('admin'))
})

describe('ways around', () => {
  test.each(evasions)('%s', (text) => {
    expect(judged(text)).not.toBe('read')
    expect(judged(text, 'bash')).not.toBe('read')
  })
})

describe('what only bash reads that way is refused to sh', () => {
  const bashOnly = [
    '[[ a || reboot ]]',
    'ls &> /dev/null',
    'cat <(ls)',
    "echo $'a'",
    'ls |& cat',
    'echo {a,b}',
    'function f { ls; }',
    'a=(1 2)',
    'cat <<< x',
    'echo ${x/a/b}',
    'echo ${!x}',
    'a+=b',
    'echo $(<a)',
    '((1))',
    'select x in a; do ls; done',
    'case a in a) ls;& esac',
    'for ((;;)); do ls; done',
    'echo ~+',
    'echo $"a"',
    'ls >& f',
    'echo $[1]',
    'echo @(a|b)',
  ]
  test.each(bashOnly)('%s', (text) => expect(judged(text)).toBe('INPUT_REFUSED'))
  test.each([
    '[[ a = b ]]',
    'ls &> /dev/null',
    'cat <(ls)',
    "echo $'a'",
    'ls |& cat',
    'echo {a,b}',
    'cat <<< x',
    'echo ${x/a/b}',
    '((1))',
  ])('and read by bash: %s', (text) => expect(judged(text, 'bash')).toBe('read'))
  test.each([
    '[[ $(id) -eq 1 ]]',
    '[[ $x -eq 1 ]]',
    '[[ -v a[0] ]]',
    'echo $((x))',
    'x="a[\\$(id)]"; echo $((x))',
    'let x=1',
    'echo ${a[$x]}',
    'echo ${x:$y}',
    'echo ${x@P}',
    'declare -n a=b',
    'declare -i a=b',
    'printf -v "a[0]" x',
    'read "a[\\$(id)]"',
    'unset "a[0]"',
    '[ -v "a[0]" ]',
    'coproc ls',
    'shopt -s dotglob',
    '{x}>/dev/null ls',
  ])('bash evaluates more than it shows: %s', (text) =>
    expect(judged(text, 'bash')).toBe('INPUT_REFUSED'),
  )
})

test('what does not parse is a syntax error with its place', () => {
  for (const text of [
    'echo "a',
    'if true; then',
    'ls )',
    '(ls',
    'ls | | cat',
    'case x in',
    '&& ls',
    'echo $(ls',
    'echo ${x',
    'for x in',
    '{ ls',
    'ls ;; ls',
  ]) {
    expect(judged(text), text).toBe('SYNTAX_ERROR')
  }
  expect(judged('cat <<E\nabc')).toBe('INPUT_REFUSED')
  expect(() => shellFacts('ls )', 'sh', options)).toThrow(
    expect.objectContaining({ teaching: { position: 4 } }),
  )
})

test('characters that cannot be seen as they are', () => {
  for (const c of [
    '\u001b[2K',
    '\u202e',
    '\u200b',
    '\u00a0',
    '\u2028',
    '\r',
    '\u0000',
    '\ue003',
    '\ud800',
    '\u00ad',
    '\ufeff',
  ])
    expect(judged(`ls ${c}x`), JSON.stringify(c)).toBe('INPUT_REFUSED')
  expect(judged('ls \u2010la')).toBe('INPUT_REFUSED')
  expect(words('ls', '\u202ex')).toBe('INPUT_REFUSED')
  expect(judged('ls /srv/Übersicht/日本')).toBe('read')
})

test('words without a shell mean nothing but themselves, and shells among them are followed', () => {
  expect(words('echo', 'a; b | c > d $(e)')).toBe('read')
  expect(words('cat', '/srv/*')).toBe('read')
  expect(words('ls', ';', 'rm', 'x')).toBe('read')
  expect(words('rm', 'x')).toBe('write')
  expect(words('sh', '-c', 'rm x')).toBe('write')
  expect(words('bash', '-c', 'ls $(rm x)')).toBe('INPUT_REFUSED')
  expect(words('sh', '-c', 'cat "$1"', 'sh', '/etc/shadow')).toBe('INPUT_REFUSED')
  expect(words('sh', '-c', 'cat "$1"', 'sh', '/srv/x')).toBe('read')
  expect(words('/bin/sh')).toBe('INPUT_REFUSED')
  expect(words('cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')).toBe('INPUT_REFUSED')
  expect(words('cat', '/proc/1/environ')).toBe('INPUT_REFUSED')
  expect(words('redis-cli', 'FLUSHALL')).toBe('INPUT_REFUSED')
  expect(words('env')).toBe('INPUT_REFUSED')
})

test('the target has sensitive paths of its own', () => {
  for (const text of [
    'cat /srv/vault/x',
    'cat /srv/vault',
    'cat /srv/v*/x',
    'grep -r x /srv',
    'ls /srv/../srv/vault',
    'cd /srv/vault && cat x',
    'echo x > /srv/vault/y',
  ])
    expect(judged(text), text).toBe('INPUT_REFUSED')
  expect(judged('cat /srv/vaulted')).toBe('read')
})

test('facts name what was found', () => {
  const facts = shellFacts(
    'cd /srv/app && cat a.txt | grep x > out.txt; ping -c1 db.internal',
    'sh',
    options,
  )
  expect(facts.programs).toEqual(['cd', 'cat', 'grep', 'ping'])
  expect(facts.paths).toEqual(['/srv/app/a.txt', '/srv/app/out.txt'])
  expect(facts.writes).toEqual(['/srv/app/out.txt'])
  expect(facts.hosts).toEqual(['db.internal'])
  expect(facts.policy).toMatchObject({ programs: facts.programs, writes_paths: facts.writes })
  expect(facts.names).toEqual({ programs: facts.programs })
})

test('writes outside the roots are admin; without roots, those of the system are', () => {
  expect(judged('touch /opt/x')).toBe('admin')
  expect(judged('touch /srv/x')).toBe('write')
  const anywhere = { ...options, roots: [] }
  expect(shellFacts('touch /opt/x', 'sh', anywhere).effect).toBe('write')
  expect(shellFacts('touch /usr/bin/x', 'sh', anywhere).effect).toBe('admin')
})

test('a path on its own', () => {
  expect(pathFacts('/srv/x', 'file', options).effect).toBe('read')
  expect(pathFacts('/srv/x', 'out', options).effect).toBe('write')
  for (const path of [
    '/etc/hostname',
    '/srv/../etc/hostname',
    '/srv/.env',
    '/srv/vault/x',
    '/srv/a\u202eb',
  ])
    expect(() => pathFacts(path, 'file', options), path).toThrow(GateError)
  expect(() => pathFacts('/srv/u/.ssh/authorized_keys', 'out', options)).toThrow(GateError)
})

describe('the grammar of an admin', () => {
  const parsed = parsePrograms({
    'appctl appctl2': {
      opts: { '-o --output': 'out', '--force': 'refuse' },
      sub: { 'status list': {}, restart: { effect: 'write' }, wipe: { refuse: 'only by hand' } },
      rest: 'admin',
    },
    report: { args: 'file', strict: 'write' },
    git: { effect: 'write' },
  })
  const own = { ...options, programs: parsed.ok ? parsed.programs : new Map() }
  const by = (text: string): string => {
    try {
      return shellFacts(text, 'sh', own).effect
    } catch (error) {
      return error instanceof GateError ? error.code : 'thrown'
    }
  }
  test('decides', () => {
    expect(parsed.ok).toBe(true)
    expect([
      by('appctl status'),
      by('appctl2 list'),
      by('appctl restart'),
      by('appctl wipe'),
      by('appctl other'),
      by('appctl status -o /srv/x'),
      by('appctl --force status'),
    ]).toEqual(['read', 'read', 'write', 'INPUT_REFUSED', 'admin', 'write', 'INPUT_REFUSED'])
    expect([by('report /srv/x'), by('report /etc/shadow'), by('report --new /srv/x')]).toEqual([
      'read',
      'INPUT_REFUSED',
      'write',
    ])
    expect(by('git log')).toBe('write')
    expect(by('nobody knows')).toBe('write')
  })
  test('is checked, and the place of a mistake is named', () => {
    expect(parsePrograms({ x: { efect: 'read' } })).toMatchObject({
      ok: false,
      problem: expect.stringContaining('programs.x'),
    })
    expect(parsePrograms({ x: { sub: { y: { effect: 'maybe' } } } })).toMatchObject({
      ok: false,
      problem: expect.stringContaining('x.sub.y.effect'),
    })
    expect(parsePrograms({ x: { opts: { o: 'out' } } }).ok).toBe(false)
  })
})

const corpus = new URL('../../../shared/corpus/attacks.json', import.meta.url)
describe.skipIf(!existsSync(corpus))('the corpus', () => {
  interface Case {
    readonly id: string
    readonly tool: string
    readonly input: string
    readonly expect: string
  }
  // Two reads, one after the other, are read: nothing is hidden in the second.
  const argued = new Set(['ssh-560'])
  const cases = existsSync(corpus)
    ? (JSON.parse(readFileSync(corpus, 'utf8')) as Case[]).filter(
        (c) => c.tool === 'ssh' && !c.input.startsWith('{') && !argued.has(c.id),
      )
    : []
  test.each(cases)('$id $input', (c) => {
    const verdict = judged(c.input)
    if (c.expect === 'allow') expect(verdict).toBe('read')
    else if (c.expect === 'deny') expect(verdict).not.toBe('read')
    else expect(verdict).toBe('write')
  })
})

/** Commands that need no shell: their words go to the host as they were judged. Everything alive keeps its shell. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { shellFacts } from '../../src/tools/shell/facts.ts'
import { lineOf } from '../../src/tools/ssh/command.ts'
import { targetOf } from '../ssh/session.ts'

const options = { roots: [], sensitive: [], programs: new Map() }
const wordsOf = (text: string) => shellFacts(text, 'sh', options).words

describe('one program and its words', () => {
  test.each<[string, readonly string[]]>([
    ['uptime', ['uptime']],
    ['true', ['true']],
    ['df -h /srv', ['df', '-h', '/srv']],
    ["  grep -c 'a  b' /srv/x  ", ['grep', '-c', 'a  b', '/srv/x']],
    ['stat -c "%a %U" /srv/app;', ['stat', '-c', '%a %U', '/srv/app']],
    ["awk '{print $1}' /var/log/x", ['awk', '{print $1}', '/var/log/x']],
    ["find /srv -name '*.js'", ['find', '/srv', '-name', '*.js']],
    ["cat ''", ['cat', '']],
    ['/usr/bin/id -u', ['/usr/bin/id', '-u']],
    ['ls --color=auto', ['ls', '--color=auto']],
  ])('%s', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
    // A shell reads the same words.
    const read = execFileSync('sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' })
    expect(read.split('\0').slice(0, -1)).toEqual(words)
  })
})

describe('keeps its shell:', () => {
  test.each([
    'ls *',
    'ls ~',
    'ls ~/x',
    'ls $HOME',
    'ls "$HOME"',
    'ls "`id`"',
    'ls $(id)',
    'ls [ab]',
    'ls a?',
    'ls a\\ b',
    "ls a'b'",
    "ls 'a'b",
    "grep 'a\nb' /srv/x",
    "grep '!' /srv/x",
    'ls > /dev/null',
    'ls 2>&1',
    'ls </dev/null',
    'ls | cat',
    'ls; ls',
    'ls && ls',
    '! ls',
    'LANG=C ls',
    'echo hi',
    'printf x',
    'pwd',
    'test -f x',
    'cd /srv',
    'kill -l',
    '(ls)',
    '{ ls; }',
    'if ls; then ls; fi',
  ])('%s', (text) => {
    expect(wordsOf(text)).toBeUndefined()
  })
  test('and so does a command in a folder, or a name that env would take for a setting', () => {
    const target = targetOf(22, [], { home: '/home/deploy' })
    expect(lineOf(target, { command: 'ls', cwd: '/srv' }, ['ls'])).toContain("sh 'cd -- ")
    expect(lineOf(target, { argv: ['A=b', 'id'] })).toContain(`/bin/sh -c 'exec '\\''A=b'\\''`)
    expect(lineOf(target, { argv: ['ls', 'a!b'] })).toContain('/bin/sh -c')
    expect(lineOf(target, { command: 'ls' }, ['ls'])).toMatch(/'LANG=C.UTF-8' 'ls' <\/dev\/null$/)
    expect(lineOf(target, { argv: ['ls', '$(id)'] })).toMatch(/ 'ls' '\$\(id\)' <\/dev\/null$/)
  })
})

/** The admin's grammar of programs, as the configuration file holds it: told at start, with file, line and key. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

const folder = mkdtempSync(join(tmpdir(), 'cs-programs-'))
afterAll(() => rmSync(folder, { recursive: true }))
const head = `identity: { local: { subject: me } }
credentials: { k: env:K }
targets:
  web:
    kind: ssh
    host: h
    user: u
    hostKeys: ["SHA256:${'0'.repeat(43)}"]
    credentials: { run: k }
    programs:
`
const load = (programs: readonly string[]) => {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, `${head}${programs.map((line) => `      ${line}\n`).join('')}`, {
    mode: 0o600,
  })
  return { file, config: () => loadConfig(file, {}) }
}

test('a grammar that is right becomes a part of the target', () => {
  const { config } = load([
    'appctl: { opts: { "-c --config": file }, sub: { "status list": {}, restart: { effect: write } }, rest: refuse }',
  ])
  expect(config().targets[0]).toMatchObject({
    programs: { appctl: { opts: { '-c --config': 'file' }, rest: 'refuse' } },
  })
})

describe('what is wrong in it stops the start, with its line and key:', () => {
  test.each<[string, readonly string[], number, string]>([
    ['an unknown field', ['a:', '  efect: read'], 12, 'targets.web.programs.a.efect: is no key'],
    [
      'an unknown effect',
      ['a: { effect: maybe }'],
      11,
      'targets.web.programs.a.effect: is "maybe"',
    ],
    ['an unknown rule', ['a:', '  opts:', '    -o: oot'], 13, 'programs.a.opts.-o: is "oot"'],
    ['an option without a dash', ['a: { opts: { o: out } }'], 11, 'programs.a.opts.o: write the'],
    ['kinds that are none', ['a: { args: "file ftp" }'], 11, 'programs.a.args: write kinds'],
    ['two blanks', ['"a  b": {}'], 11, 'programs.a  b: write names'],
    [
      'a bad subcommand',
      ['a:', '  sub:', '    x: { rest: no }'],
      13,
      'programs.a.sub.x.rest: is "no"',
    ],
    [
      'a name in two entries',
      ['a b: {}', 'b: { effect: write }'],
      12,
      'programs.b: names b, which',
    ],
    ['and in two of sub', ['a:', '  sub:', '    x: {}', '    y x: {}'], 14, 'a.sub.y x: names x,'],
    ['no mapping at all', ['- a'], 10, 'targets.web.programs: write programs as'],
  ])('%s', (_, lines, line, words) => {
    const { file, config } = load(lines)
    expect(config).toThrow(`${file}:${line}: `)
    expect(config).toThrow(words)
  })
})

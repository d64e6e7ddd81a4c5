import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configHash } from '../../src/config/hash.ts'
import { loadConfig } from '../../src/config/load.ts'
import { configFolder, configPath } from '../../src/config/location.ts'
import type { Config, Environment } from '../../src/config/types.ts'
import { GateError } from '../../src/errors.ts'

const tools = [
  { name: 'sql_query', kind: 'postgres' },
  { name: 'sql_execute', kind: 'postgres' },
  { name: 'ssh_run', kind: 'ssh' },
] as const

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const put = (text: string | Uint8Array, name = 'countersign.yaml', mode = 0o600): string => {
  const file = join(folder, name)
  writeFileSync(file, text, { mode })
  chmodSync(file, mode)
  return file
}
const load = (text: string, env: Environment = {}): Config => loadConfig(put(text), env, tools)
const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(GateError)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    return (error as GateError).message // checked one line above
  }
  throw new Error('it was accepted')
}

const people = 'identity: { local: { subject: ana, groups: [engineers] } }\n'
const full = `server:    { listen: 127.0.0.1:7420, publicUrl: http://127.0.0.1:7420, results: auto, budget: { callsPerMinute: 60 } }
state:     ./state
store:     { url: env:COUNTERSIGN_DATABASE_URL }
vault:     { key: file:./vault.key }
log:       { name: acme/prod, notary: { url: https://notary.example.com, token: file:./notary.token, maxUnsigned: 60s }, anchors: [{ dir: ../anchors }, { s3: { bucket: anchors-1, credentials: shop-reader } }], retention: [{ labels: { env: prod }, keep: 400d }, { labels: { env: prod }, kind: ssh, keep: 90d }] }
approvals: { waitSeconds: 45 }
masking:   { tokenKey: file:./token.key }
identity:
  local:     { subject: ana, groups: [engineers] }
  approvers: [{ subject: bo, groups: [dba], passphrase: scrypt:131072:8:1:${'a'.repeat(22)}:${'b'.repeat(43)} }]
  issuers:   [{ issuer: https://login.example.com/realms/eng, groupsClaim: groups }]
credentials:
  shop-reader: file:./secrets/shop-reader
  shop-writer: store:shop-writer
  web-key: env:WEB_KEY
  orders-token: file:/run/orders
targets:
  shop:   { kind: postgres, labels: { env: prod }, host: db, port: 5432, database: shop, tls: require, credentials: { read: shop-reader, write: shop-writer },
            columns: { customers.ssn: redact, customers.email: token }, denyTables: [secrets], limits: { rows: 1000, bytes: 1MiB, seconds: 30 } }
  main:   { kind: kubernetes, kubeconfig: file:./kubeconfig, context: prod, namespaces: [shop, web], impersonate: true }
  web-1:  { kind: ssh, host: 10.0.0.5, user: deploy, hostKeys: ["SHA256:${'A'.repeat(43)}"], shell: sh, credentials: { run: web-key }, roots: [/srv, /var/log], sensitive: [/etc/shadow], programs: {} }
  orders: { kind: http, baseUrl: https://orders.internal/api, addresses: [10.0.0.0/8], routes: [{ method: GET, path: /v1/orders/* }], inject: { header: Authorization, value: orders-token } }
grants:
  - { id: engineers-read, groups: [engineers], targets: { env: prod }, tools: [sql_query] }
  - { id: engineers-write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write], approval: { by: [dba], quorum: 1, within: 15m, self: false }, mask: pii }
policies:  ./policies
`

describe('what is written', () => {
  test('every key of the design is read, with paths absolute and units resolved', () => {
    put('apiVersion: v1', 'kubeconfig')
    mkdirSync(join(folder, 'policies'))
    put('// none', 'policies/a.cedar')
    const config = load(full)
    expect(config).toMatchObject({
      server: { host: '127.0.0.1', port: 7420, publicUrl: 'http://127.0.0.1:7420', loopback: true },
      state: join(folder, 'state'),
      store: { url: { kind: 'env', name: 'COUNTERSIGN_DATABASE_URL' } },
      vault: { key: { kind: 'file', path: join(folder, 'vault.key') } },
      log: {
        name: 'acme/prod',
        notary: { maxUnsignedMs: 60_000 },
        anchors: [
          { kind: 'dir', dir: join(folder, '../anchors') },
          {
            kind: 's3',
            bucket: 'anchors-1',
            endpoint: 'https://s3.us-east-1.amazonaws.com',
            region: 'us-east-1',
            prefix: '',
            credentials: 'shop-reader',
            retainDays: 400,
          },
        ],
        retention: [
          { labels: { env: 'prod' }, keepMs: 400 * 86_400_000 },
          { labels: { env: 'prod' }, kind: 'ssh', keepMs: 90 * 86_400_000 },
        ],
      },
      identity: { issuers: [{ audience: 'http://127.0.0.1:7420/mcp', groupsClaim: 'groups' }] },
      credentials: {
        'shop-writer': { kind: 'store', key: 'shop-writer' },
        'web-key': { kind: 'env', name: 'WEB_KEY' },
        'orders-token': { kind: 'file', path: '/run/orders' },
      },
      grants: [
        {
          effects: ['read', 'write'],
          targets: { kind: 'labels', labels: { env: 'prod' } },
          mask: [],
        },
        {
          effects: ['write'],
          targets: { kind: 'names', names: ['shop'] },
          approval: { groups: ['dba'], quorum: 1, withinMs: 900_000, self: false },
          mask: ['pii'],
        },
      ],
      policies: [{ file: join(folder, 'policies/a.cedar'), text: '// none' }],
      warnings: [],
    })
    const [shop, main, web, orders] = config.targets
    expect(shop).toMatchObject({
      name: 'shop',
      allowSuperuser: false,
      limits: { rows: 1000, bytes: 1_048_576, cellBytes: 65_536, seconds: 30, concurrency: 8 },
    })
    expect(main).toMatchObject({ kubeconfig: 'apiVersion: v1', namespaces: ['shop', 'web'] })
    expect(web).toMatchObject({ port: 22, forcedCommand: false, credentials: { run: 'web-key' } })
    expect(orders).toMatchObject({ credentials: { run: 'orders-token' } })
  })

  test('little is needed', () => {
    const config = load(people)
    expect(config.store).toEqual({})
    expect(config.approvals.waitSeconds).toBe(45)
    expect(config.vault.key).toEqual({ kind: 'file', path: join(folder, 'vault.key') })
    expect(config.targets).toEqual([])
  })

  test('the store comes from COUNTERSIGN_DATABASE_URL, and never from DATABASE_URL', () => {
    const url = 'postgres://db/x'
    expect(load(people, { COUNTERSIGN_DATABASE_URL: url }).store).toEqual({
      url: { kind: 'env', name: 'COUNTERSIGN_DATABASE_URL' },
    })
    expect(load(people, { DATABASE_URL: url }).store).toEqual({})
    expect(refusal(() => load(`${people}store: { url: env:DATABASE_URL }`))).toContain(
      ':2: store.url: DATABASE_URL is an application',
    )
  })
})

const target = (rest: string): string =>
  `${people}credentials: { r: env:R }\ntargets:\n  shop: { kind: postgres, host: db, database: shop, credentials: { read: r }${rest} }\n`
const granted = (rest: string): string =>
  `${target('')}grants:\n  - { id: g, groups: [engineers], ${rest} }\n`

/** Each: what it is, the file, the line, and what the message holds. */
const wrong: readonly (readonly [string, string, number, string])[] = [
  [
    'an unknown key at the top',
    `${people}sever: {}\n`,
    2,
    'sever: is no key that is known here; did you mean server?',
  ],
  [
    'an unknown key inside',
    `${people}server:\n  listn: 127.0.0.1:1\n`,
    3,
    'server.listn: is no key that is known here; did you mean listen?',
  ],
  [
    'an unknown key of a target',
    target(', hots: db'),
    4,
    'targets.shop.hots: is no key that is known here; did you mean host?',
  ],
  ['a key of another kind of target', target(', baseUrl: https://x'), 4, 'targets.shop.baseUrl'],
  [
    'an unknown kind',
    `${people}targets:\n  x: { kind: postgre }\n`,
    3,
    'write postgres (one of postgres, kubernetes, ssh, http)',
  ],
  [
    'a missing kind',
    `${people}targets:\n  x: { host: db }\n`,
    3,
    'is missing; write one of postgres',
  ],
  [
    'a missing key',
    `${people}targets:\n  x: { kind: postgres, host: db, credentials: { read: r } }\n`,
    3,
    'targets.x.database: is missing',
  ],
  [
    'a wrong type',
    `${people}approvals: { waitSeconds: soon }\n`,
    2,
    'approvals.waitSeconds: write a whole number from 0 to 50',
  ],
  ['a fraction', `${people}approvals: { waitSeconds: 1.5 }\n`, 2, 'write a whole number'],
  [
    'out of bounds',
    `${people}approvals: { waitSeconds: 500 }\n`,
    2,
    'write a whole number from 0 to 50',
  ],
  ['a list for keys', `${people}server: []\n`, 2, 'server: is a list; write keys and values'],
  ['null for keys', `${people}server:\n`, 2, 'server: is missing: write keys and values'],
  [
    'a wrong choice',
    `${people}server: { results: bth }\n`,
    2,
    'server.results: is "bth"; write both',
  ],
  [
    'a duration without a unit',
    granted('targets: [shop], tools: [sql_query], approval: { by: [dba], within: 15 }'),
    6,
    'write a duration',
  ],
  [
    'a duration that is too long',
    granted('targets: [shop], tools: [sql_query], approval: { by: [dba], within: 99d }'),
    6,
    'must lie between 10s and 7d',
  ],
  ['a size without a unit', target(', limits: { bytes: big }'), 4, 'limits.bytes: write a size'],
  ['a secret written out', `${people}credentials: { r: hunter2 }\n`, 2, 'write a secret reference'],
  [
    'a key in the store for the vault',
    `${people}vault: { key: store:k }\n`,
    2,
    'store:KEY cannot be used here',
  ],
  [
    'a password in the store URL',
    `${people}store: { url: "postgres://u:p@db/x" }\n`,
    2,
    'holds a password',
  ],
  [
    'http in public',
    `${people}server: { publicUrl: http://gate.example.com }\n`,
    2,
    'must be https:// unless it is loopback',
  ],
  [
    'the local principal in public',
    `${people}server: { publicUrl: https://gate.example.com }\n`,
    1,
    'the local principal is for loopback only',
  ],
  [
    'the local principal on all interfaces',
    `${people}server: { listen: 0.0.0.0:7420, publicUrl: http://127.0.0.1:7420 }\n`,
    1,
    'listen on loopback',
  ],
  ['nobody who could call', 'state: ./state\n', 1, 'names nobody who could call'],
  ['an empty file', '', 1, 'names nobody who could call'],
  [
    'an unknown target in a grant',
    granted('targets: [shpo], tools: [sql_query]'),
    6,
    'grants[0].targets[0]: names no target: shpo; did you mean shop?',
  ],
  [
    'an unknown tool in a grant',
    granted('targets: [shop], tools: [sql_qury]'),
    6,
    'grants[0].tools[0]: names no tool: sql_qury; did you mean sql_query?',
  ],
  [
    'a tool of another kind',
    granted('targets: [shop], tools: [ssh_run]'),
    6,
    'ssh_run works on ssh targets',
  ],
  [
    'an unknown credential',
    target('').replace('read: r', 'read: q'),
    4,
    'targets.shop.credentials.read: names no credential: q',
  ],
  [
    'a grant for nobody',
    granted('targets: [shop], tools: [sql_query]').replace('[engineers], t', '[], t'),
    6,
    'write a list of at least one text',
  ],
  [
    'a grant for every label',
    granted('targets: {}, tools: [sql_query]'),
    6,
    'write targets as a list of names, or as labels',
  ],
  ['no effect', granted('targets: [shop], tools: [sql_query], effects: []'), 6, 'names no effect'],
  [
    'the same grant twice',
    `${granted('targets: [shop], tools: [sql_query]')}  - { id: g, groups: [x], targets: [shop], tools: [sql_query] }\n`,
    7,
    'grants[1].id: is written twice',
  ],
  [
    'an approver who is the local principal',
    `identity:\n  local: { subject: ana }\n  approvers:\n    - { subject: ana, groups: [dba], passphrase: "scrypt:131072:8:1:${'a'.repeat(22)}:${'b'.repeat(43)}" }\n`,
    4,
    'cannot approve her own calls',
  ],
  [
    'a passphrase in clear',
    `${people}  \n`.replace(
      '} }',
      '}, approvers: [{ subject: bo, groups: [dba], passphrase: hunter2hunter2 }] }',
    ),
    1,
    'write the hash of the passphrase',
  ],
  [
    'no host key',
    `${people}targets:\n  w: { kind: ssh, host: h, user: u, hostKeys: [], credentials: { run: r } }\n`,
    3,
    'an unpinned host is never connected to',
  ],
  ['an odd name', `${people}targets:\n  "a b": { kind: ssh }\n`, 3, 'is no name'],
  ['a duplicate key', `${people}state: a\nstate: b\n`, 3, 'state: is written twice'],
  ['a duplicate target', `${people}targets:\n  a: {}\n  a: {}\n`, 4, 'a: is written twice'],
  ['an alias', `${people}state: &a x\npolicies: *a\n`, 3, 'uses an alias'],
  ['a tag', `${people}state: !!js/function x\n`, 2, 'uses a tag'],
  [
    'a prototype key',
    `${people}targets:\n  __proto__: { kind: ssh }\n`,
    3,
    '__proto__: is no name',
  ],
  ['two documents', `${people}---\nstate: x\n`, 2, 'holds more than one document'],
  ['broken YAML', `${people}server: { listen: \n`, 2, 'is no valid YAML'],
  ['a tab', `${people}server:\n\tlisten: x\n`, 3, 'tab'],
  ['a list at the top', '- a\n', 1, 'is a list; write keys and values'],
  [
    'a policies folder that is not there',
    `${people}policies: ./nowhere\n`,
    2,
    'is no folder that can be read',
  ],
  [
    'a policies folder without policies',
    `${people}policies: .\n`,
    2,
    'holds no *.cedar file: leave policies out where there are none',
  ],
  [
    'a kubeconfig that is not there',
    `${people}targets:\n  k: { kind: kubernetes, kubeconfig: file:./nowhere }\n`,
    3,
    'is not there',
  ],
  [
    'a kubeconfig in an unset variable',
    `${people}targets:\n  k: { kind: kubernetes, kubeconfig: env:NOWHERE }\n`,
    3,
    'NOWHERE is not set',
  ],
  [
    'an http issuer',
    `${people.replace('} }', '}, issuers: [{ issuer: http://login.example.com }] }')}`,
    1,
    'must be https://',
  ],
]

describe('what is wrong is told with file, line, key and what would be right', () => {
  test.each(wrong)('%s', (_, text, line, message) => {
    const told = refusal(() => load(text)).split('\n')
    const file = join(folder, 'countersign.yaml')
    expect(told).toContainEqual(expect.stringContaining(message))
    expect(told.filter((one) => one.startsWith(`${file}:${line}: `))).toContainEqual(
      expect.stringContaining(message),
    )
  })

  test('all problems are told at once', () => {
    const told = refusal(() => load(`${people}stat: x\nserver: { results: bth, foo: 1, bar: 2 }\n`))
    expect(told.split('\n')).toHaveLength(4)
  })

  test('no value of a secret is told', () => {
    const told = refusal(() =>
      load(`${people}credentials: { r: hunter2 }\nvault: { key: s3cret }\n`),
    )
    expect(told).not.toMatch(/hunter2|s3cret/)
  })
})

describe('files', () => {
  test('a file that is not there, no UTF-8, a NUL, or too large', () => {
    expect(refusal(() => loadConfig(join(folder, 'none.yaml'), {}))).toContain('is not there')
    expect(refusal(() => loadConfig(put(Uint8Array.of(0xff, 0xfe, 0x41)), {}))).toContain(
      'is not UTF-8',
    )
    expect(refusal(() => load(`${people}\0`))).toContain('NUL')
    expect(refusal(() => load(`#${'x'.repeat(1024 ** 2)}\n`))).toContain('is larger than')
    expect(refusal(() => loadConfig(folder, {}))).toContain('cannot be read')
  })

  test('a bomb of aliases and a deep nest are refused quickly', () => {
    const layers = Array.from({ length: 12 }, (_, at) =>
      at === 0 ? 'a0: &a0 [x]' : `a${at}: &a${at} [${`*a${at - 1},`.repeat(9)}]`,
    ).join('\n')
    const began = performance.now()
    expect(refusal(() => load(layers))).toContain('alias')
    expect(refusal(() => load(`a: ${'['.repeat(100_000)}`))).toContain('nested')
    expect(refusal(() => load(`a: ${'{a: '.repeat(60)}`))).toMatch(/nested|YAML/)
    expect(performance.now() - began).toBeLessThan(15_000)
  })

  test.skipIf(process.platform === 'win32')(
    'secrets that others can read are refused, and files that everybody can write',
    () => {
      put('k', 'vault.key', 0o640)
      expect(refusal(() => load(people))).toContain('has mode 0640')
      put('k', 'vault.key', 0o600)
      expect(load(people).warnings).toEqual([])
      const file = put(people, 'open.yaml', 0o666)
      expect(refusal(() => loadConfig(file, {}))).toContain('can be written by everybody')
      expect(loadConfig(put(people, 'group.yaml', 0o660), {}).warnings).toHaveLength(1)
    },
  )
})

describe('place and hash', () => {
  test('named, from the environment, or the user’s folder', () => {
    expect(configPath('/a/b.yaml', { COUNTERSIGN_CONFIG: '/c' })).toBe('/a/b.yaml')
    expect(configPath(undefined, { COUNTERSIGN_CONFIG: '/c.yaml' })).toBe('/c.yaml')
    expect(configFolder({ XDG_CONFIG_HOME: '/x' }, 'linux', '/h')).toBe('/x/countersign')
    expect(configFolder({ XDG_CONFIG_HOME: 'x' }, 'linux', '/h')).toBe('/h/.config/countersign')
    expect(configFolder({}, 'darwin', '/h')).toBe('/h/Library/Application Support/countersign')
  })

  test('the hash is of what is decided: comments and order do not count, any value does', () => {
    const base = load(`${people}state: ./a\napprovals: { waitSeconds: 1 }\n`)
    const same = load(`# hello\napprovals: { waitSeconds: 1 }\nstate: ./a\n${people}`)
    const other = load(`${people}state: ./a\napprovals: { waitSeconds: 2 }\n`)
    expect(configHash(base)).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(configHash(same)).toBe(configHash(base))
    expect(configHash(other)).not.toBe(configHash(base))
  })
})

/** What is masked wherever it stands: tokens, names, known values, PII; and what is left alone. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { engineFor } from '../../src/masking/engine.ts'
import { isSensitiveName } from '../../src/masking/names.ts'
import { textOf } from './support.ts'

// Put together here, so that no scanner takes this file for a leak.
const tokens: readonly (readonly [string, string])[] = [
  ['aws_key', `AKIA${'IOSFODNN7EXAMPLE'}`],
  ['aws_key', `ASIA${'IOSFODNN7EXAMPLE'}`],
  ['github_token', `ghp_${'a1B2'.repeat(9)}`],
  ['github_token', `github_pat_${'11AAAAAAA0aaaaaaaaaaaa_'}${'b'.repeat(40)}`],
  ['gitlab_token', `glpat-${'x1Y2z3W4v5U6t7S8r9Q0'}`],
  ['slack_token', `xoxb-${'123456789012-123456789012-abcdefABCDEF'}`],
  ['slack_webhook', `https://hooks.slack.com/services/${'T00000000/B00000000/XXXXXXXXXXXXXXXX'}`],
  ['stripe_key', `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'}`],
  ['google_key', `AIza${'SyA-1234567890abcdefghijklmnopqrstu'}`],
  ['jwt', `eyJ${'hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0'}`],
  ['npm_token', `npm_${'a1B2'.repeat(9)}`],
  ['ai_key', `sk-${'proj-abcdefghijklmnopqrstuvwx'}`],
  ['ai_key', `sk-${'ant-api03-abcdefghijklmnopqrstuvwx'}`],
  ['vault_token', `hvs.${'CAESIabcdefghijklmnopqrstuvwx'}`],
  [
    'azure_key',
    `AccountKey=${'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='}`,
  ],
]

describe('a token', () => {
  test.each(tokens)('%s is masked to its end, in any text', (type, token) => {
    for (const text of [
      token,
      `it is ${token}, keep it`,
      `"${token}"`,
      `<${token}>`,
      `x=${token}\nnext`,
      `(${token})`,
    ]) {
      const masked = textOf(text)
      expect(masked).not.toContain(token.slice(-12))
      expect(masked).toContain('[masked:')
    }
    expect(textOf(token)).toMatch(type === 'azure_key' ? /\[masked:named\]/ : `[masked:${type}]`)
  })
  test.each(tokens)('%s is masked in base64, hex, URL- and JSON-escaped text', (_type, token) => {
    const forms = [
      Buffer.from(`it is ${token} here`).toString('base64'),
      Buffer.from(token).toString('hex'),
      [...token].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(''),
      [...token].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join(''),
      Buffer.from(Buffer.from(token).toString('base64')).toString('base64'),
    ]
    for (const form of forms) expect(textOf(`data: ${form}`)).not.toContain(form.slice(-28, -12))
  })
  test('of a private key is masked to its end, also when the end is cut off', () => {
    const key = `-----BEGIN ${'RSA PRIVATE KEY'}-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----`
    expect(textOf(`a\n${key}\nb`)).toBe('a\n[masked:private_key]\nb')
    expect(textOf(`a\n${key.slice(0, 50)}`)).toBe('a\n[masked:private_key]')
    expect(textOf(`a\n-----BEGIN ${'OPENSSH PRIVATE KEY'}-----\nxyz`)).toBe(
      'a\n[masked:private_key]',
    )
    expect(textOf(JSON.stringify({ k: key }))).not.toContain('MIIEow')
    const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
    expect(textOf(certificate)).toBe(certificate)
  })
})

const named: readonly (readonly [string, string])[] = [
  ['export DB_PASSWORD=hunter2-x', 'export DB_PASSWORD=[masked:named]'],
  ['password: my secret words', 'password: [masked:named]'],
  ["  password: 'it''s'  # note", "  password: '[masked:named]'  # note"],
  ['{"client_secret":"hunter2-x","n":1}', '{"client_secret":"[masked:named]","n":1}'],
  ['"{\\"apiKey\\":\\"hun\\\\\\"ter2\\"}"', '"{\\"apiKey\\":\\"[masked:named]\\"}"'],
  ['Authorization: Bearer hunter2-x', 'Authorization: [masked:named]'],
  ['curl -H "X-Api-Key: hunter2-x" https://h/', 'curl -H "X-Api-Key: [masked:named]" https://h/'],
  ['Set-Cookie: sid=hunter2-x; Path=/', 'Set-Cookie: [masked:named]'],
  ['mysql --password hunter2-x -h db', 'mysql --password [masked:named] -h db'],
  ['mysql --password=hunter2-x -h db', 'mysql --password=[masked:named] -h db'],
  ['user=bo password=hunter2-x host=db', 'user=bo password=[masked:named] host=db'],
  ['https://h/?access_token=hunter2-x&page=2', 'https://h/?access_token=[masked:named]&page=2'],
  ["ALTER ROLE bo PASSWORD 'hunter''2'", "ALTER ROLE bo PASSWORD '[masked:named]'"],
  ["CREATE USER bo IDENTIFIED BY 'x' -- password", "CREATE USER bo IDENTIFIED BY 'x' -- password"],
  ['<password>hunter2-x</password>', '<password>[masked:named]</password>'],
  [
    '- name: DB_PASSWORD\n  value: hunter2-x\n- name: HOST\n  value: db',
    '- name: DB_PASSWORD\n  value: [masked:named]\n- name: HOST\n  value: db',
  ],
  ['{"name": "TOKEN", "value": "hunter2-x"}', '{"name": "TOKEN", "value": "[masked:named]"}'],
  ['token: |\n  one\n  two\nnext: 1', 'token: |\n  [masked:named]\nnext: 1'],
  ['postgres://bo:hunter2-x@db/shop', 'postgres://bo:[masked:url_password]@db/shop'],
  ['redis://:hunter2@h:6379/0', 'redis://:[masked:url_password]@h:6379/0'],
]
const harmless: readonly string[] = [
  'PWD=/home/bo',
  'max_token_count: 4096',
  `password: \${DB_PASSWORD}`,
  'token: null',
  'password_changed_at: 2026-01-01',
  'secretName: shop-tls',
  'the tokenizer splits the text',
  'git clone git@github.com:bo/repo.git',
  'https://example.com:8080/a@b',
  'Basic training and bearer bonds',
  'disk-usage task-runner risk-based',
  'npm_config_registry=https://r.example/',
  'select id from t where a = 1 and b @> c',
]

describe('a value under a telling name', () => {
  test.each(named)('%j', (text, masked) => {
    expect(textOf(text)).toBe(masked)
  })
  test.each(harmless)('%j is left alone', (text) => {
    expect(textOf(text)).toBe(text)
  })
  test('is told by names of many styles', () => {
    for (const name of [
      'password',
      'PASSWORD',
      'userPassword',
      'db_passwd',
      'PGPASSWORD',
      'refresh_token',
      'refreshToken',
      'X-Api-Key',
      'client-secret',
      'aws_secret_access_key',
      'SECRET_KEY_BASE64',
      'private.key',
      'Authorization',
      'Cookie',
      'set-cookie',
      'token_v2',
      'password2',
      'passwordHash',
      'ssn',
      'cvv2',
      'connectionString',
    ])
      expect([name, isSensitiveName(name)]).toEqual([name, true])
    for (const name of [
      'passenger',
      'tokenizer',
      'token_count',
      'secretary',
      'cookie_policy',
      'author',
      'key',
      'keyboard',
      'monkey',
      'ssn_count',
      'pass',
      'compass',
      'id',
      '',
    ])
      expect([name, isSensitiveName(name)]).toEqual([name, false])
  })
})

describe('personal data', () => {
  const corpus = new URL('../../../shared/corpus/pii.json', import.meta.url)
  const wanted = new Set(['EMAIL', 'CARD', 'IBAN', 'SSN'])
  interface Case {
    readonly text: string
    readonly spans: readonly { start: number; end: number; type: string }[]
    readonly negatives: readonly { start: number; end: number }[]
  }
  test.runIf(existsSync(corpus))('of the corpus is found, and its hard negatives are not', () => {
    const engine = engineFor([])
    for (const { text, spans, negatives } of JSON.parse(
      readFileSync(corpus, 'utf8'),
    ) as readonly Case[]) {
      const found = engine.find(text, () => undefined)
      for (const span of spans.filter(({ type }) => wanted.has(type)))
        expect([
          text,
          found.some(({ start, end }) => start <= span.start && end >= span.end),
        ]).toEqual([text, true])
      for (const span of negatives)
        expect([
          text,
          found.some(({ start, end }) => start < span.end && end > span.start),
        ]).toEqual([text, false])
    }
  })
  test('is found in the forms that people write', () => {
    for (const text of [
      '4111 1111 1111 1111',
      '4111-1111-1111-1111',
      '4111\u00a01111\u00a01111\u00a01111',
      '4111\u200b1111\u200b1111\u200b1111',
      '4111\u20131111\u20131111\u20131111',
      '378282246310005',
      '3782 822463 10005',
      'GB82 WEST 1234 5698 7654 32',
      'gb82west12345698765432',
      "o'brien@mail.example",
      'first.last+tag@sub.mail.example.org',
      'bo@xn--bcher-kva.example',
      '078-05-1120',
    ])
      expect(textOf(`it is ${text}.`)).toMatch(/^it is \[masked:(card|iban|email|ssn)\]\.$/)
  })
  test('is not seen in ids, versions, times and sums', () => {
    for (const text of [
      '4111111111111112',
      '1234567890123456',
      '4111111111111111.5',
      '0.4111111111111111',
      'id4111111111111111',
      '4012888888881881999',
      '2026-11-22 04:15:29.686',
      '123-45-67890',
      '1123-45-6789',
      '000-12-3456',
      '666-12-3456',
      '900-12-3456',
      'GB83 WEST 1234 5698 7654 32',
      'a@b',
      'user@localhost',
      'pkg@1.2.3',
      '@scope/name',
      'a@b.c',
    ])
      expect(textOf(`it is ${text}`)).toBe(`it is ${text}`)
  })
})

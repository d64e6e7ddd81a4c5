/** Targets of kind http whose credential anybody on the way could read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

const warningsOf = (baseUrl: string, inject: string): readonly string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'))
  const file = join(folder, 'countersign.yaml')
  writeFileSync(
    file,
    `
vault: { key: file:./vault.key }
masking: { tokenKey: file:./token.key }
identity: { local: { subject: ana, groups: [engineers] } }
credentials: { key: file:./key }
targets:
  orders: { kind: http, baseUrl: "${baseUrl}", routes: [{ method: GET, path: /** }]${inject === '' ? '' : `, inject: ${inject}`} }
`,
    { mode: 0o600 },
  )
  try {
    return loadConfig(file, {}).warnings
  } finally {
    rmSync(folder, { recursive: true })
  }
}
const oauth = (tokenUrl: string): string => `{ oauth: key, tokenUrl: "${tokenUrl}" }`

test.each([
  ['http://orders.internal', '{ header: X-Api-Key, value: key }'],
  ['http://10.0.0.5:8080/api', '{ basic: key }'],
  ['https://orders.internal', oauth('http://login.internal/token')],
])('%s with %s is warned of', (baseUrl, inject) => {
  expect(warningsOf(baseUrl, inject)).toEqual([expect.stringContaining('without TLS')])
})
test.each([
  ['https://orders.internal', '{ header: X-Api-Key, value: key }'],
  ['http://127.0.0.1:8080', '{ basic: key }'],
  ['http://orders.internal', ''],
  ['https://orders.internal', oauth('https://login.internal/token')],
])('%s with %s is not', (baseUrl, inject) => {
  expect(warningsOf(baseUrl, inject)).toEqual([])
})

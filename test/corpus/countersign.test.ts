import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'

test('the configuration of the corpus is right once its places are filled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'))
  try {
    const file = join(folder, 'countersign.yaml')
    const text = readFileSync(new URL('./countersign.yaml', import.meta.url), 'utf8')
      .replace(/\$\{PORT\}/g, '0')
      .replace(/\$\{STATE\}/g, join(folder, 'state'))
      .replace(/# \$\{GRANTS\}/, '')
      .replace(
        /# \$\{FAMILY\}/,
        'credentials: { r: env:R }\ntargets: { shop: { kind: postgres, labels: { env: prod }, host: db, database: d, credentials: { read: r } } }',
      )
    writeFileSync(file, text, { mode: 0o600 })
    const tools = ['sql_query', 'sql_schema', 'sql_explain', 'sql_execute'].map((name) => ({
      name,
      kind: 'postgres' as const,
    }))
    const config = loadConfig(file, {}, tools)
    expect(config.approvals.waitSeconds).toBe(0)
    expect(config.warnings).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

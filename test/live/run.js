#!/usr/bin/env node
// Runs the live tests: all of them, or those whose files are named (`npm run test:live -- ssh kubernetes`).
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'

const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.ts'))
const named = process.argv.slice(2)
const unknown = named.filter((name) => !files.some((file) => file.startsWith(name)))
if (unknown.length > 0) {
  process.stderr.write(
    `no live tests are named ${unknown.join(', ')}; there are: ${files.map((file) => file.replace('.test.ts', '')).join(', ')}\n`,
  )
  process.exit(64)
}
const wanted = files.filter(
  (file) => named.length === 0 || named.some((name) => file.startsWith(name)),
)
const child = spawn(
  'npx',
  ['vitest', 'run', '--project', 'live', ...wanted.map((file) => `test/live/${file}`)],
  { stdio: 'inherit' },
)
child.on('exit', (code) => process.exit(code ?? 2))

#!/usr/bin/env node
// Runs the live tests: all of them, or those that are named (`npm run test:live -- ssh kubernetes shell verifier`).
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'

const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.ts'))
/** Name -> project of vitest and files. */
const suites = new Map([
  ...files.map((file) => [
    file.replace('.test.ts', ''),
    { project: 'live', files: [`test/live/${file}`] },
  ]),
  ['shell', { project: 'live', files: ['test/shell/fuzz', 'test/shell/shells'] }],
  ['verifier', { project: 'verifier', files: ['test/bundle/', 'test/retention/'] }],
])
const named = process.argv.slice(2)
const unknown = named.filter((name) => ![...suites.keys()].some((one) => one.startsWith(name)))
if (unknown.length > 0) {
  process.stderr.write(
    `no live tests are named ${unknown.join(', ')}; there are: ${[...suites.keys()].join(', ')}\n`,
  )
  process.exit(64)
}
const wanted = [...suites]
  .filter(([one]) => named.length === 0 || named.some((name) => one.startsWith(name)))
  .map(([, suite]) => suite)
const projects = [...new Set(wanted.map(({ project }) => project))]
const child = spawn(
  'npx',
  [
    'vitest',
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    ...wanted.flatMap((suite) => suite.files),
  ],
  { stdio: 'inherit' },
)
child.on('exit', (code) => process.exit(code ?? 2))

#!/usr/bin/env node
// Runs the live tests: all of them, or those that are named (`npm run test:live -- ssh kubernetes shell verifier`).
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'

const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.ts'))
const onOlder = [
  'test/sql/',
  'test/sql-facts/',
  'test/store/',
  'test/laws/',
  'test/audit/append',
  'test/audit/recover',
  'test/audit/verify',
  'test/audit/views',
]
/** Name -> project of vitest, files, and the PostgreSQL when it is not the embedded one. */
const suites = new Map([
  ...files.map((file) => [
    file.replace('.test.ts', ''),
    { project: 'live', files: [`test/live/${file}`] },
  ]),
  ['shell', { project: 'live', files: ['test/shell/fuzz', 'test/shell/shells'] }],
  ['verifier', { project: 'verifier', files: ['test/bundle/', 'test/retention/'] }],
  // The tests of the target and of the store once more, each on an older server in the place of the embedded one.
  ...[14, 15, 16, 17].map((major) => [
    `postgres-${major}`,
    { project: 'unit', major, files: onOlder },
  ]),
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
const vitest = (suites, major) =>
  new Promise((resolve) => {
    const projects = [...new Set(suites.map(({ project }) => project))]
    if (major !== undefined) process.stdout.write(`\nPostgreSQL ${major}\n`)
    const child = spawn(
      'npx',
      [
        'vitest',
        'run',
        ...projects.flatMap((project) => ['--project', project]),
        ...suites.flatMap((suite) => suite.files),
      ],
      {
        stdio: 'inherit',
        env: { ...process.env, ...(major && { COUNTERSIGN_TEST_POSTGRES: String(major) }) },
      },
    )
    child.on('exit', (code) => resolve(code ?? 2))
  })

let worst = 0
for (const major of new Set(wanted.map((suite) => suite.major)))
  worst = Math.max(
    worst,
    await vitest(
      wanted.filter((suite) => suite.major === major),
      major,
    ),
  )
process.exit(worst)

#!/usr/bin/env node
// Breaks what the gateway stands on, fault by fault, and judges after each what clients saw, what targets did and what the log says.
// usage: npm run faults -- [--only 1,2,9-12] [--crashes N] [--seed TEXT] [--jobs N] [--json | --list]
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'

// As the gateway itself sets it: parts of it are loaded here too.
setFlagsFromString('--no-turbo-inline-js-wasm-calls')
const { createViteServer } = await import('vitest/node')

const usage = (why) => {
  process.stderr.write(
    `${why}\nusage: npm run faults -- [--only 1,2,9-12] [--crashes N] [--seed TEXT] [--jobs N] [--json | --list]\n`,
  )
  process.exit(64)
}
const options = (() => {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        crashes: { type: 'string' },
        seed: { type: 'string' },
        jobs: { type: 'string' },
        json: { type: 'boolean' },
        list: { type: 'boolean' },
      },
    }).values
  } catch (thrown) {
    return usage(thrown.message)
  }
})()
const seed = options.seed ?? randomBytes(4).toString('hex')
/** All of them are a full run's; with --only, those that are asked for. */
const crashes = Number(options.crashes ?? (options.only === undefined ? 500 : 0))
/** Cases mostly wait; so many side by side. */
const jobs = Number(options.jobs ?? 1)
if (!Number.isInteger(jobs) || jobs < 1) usage('--jobs takes a number.')
if (!Number.isInteger(crashes) || crashes < 0) usage('--crashes takes a number.')

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
// The cases are TypeScript: loaded by what the unit tests are loaded by.
const vite = await createViteServer({
  root: here('../..'),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, watch: null, hmr: false, ws: false },
  optimizeDeps: { noDiscovery: true },
})
const load = (file) => vite.ssrLoadModule(file)
const say = (line) => process.stdout.write(`${line}\n`)
const shown = (text, width) =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)

let exitCode = 0
const { discover, numbersOf, runFolder, runOne } = await load(here('lib/run.ts'))
const { openShared } = await load(here('lib/shared.ts'))
const { crashLoop } = await load(here('lib/crash-loop.ts'))
const all = await discover(here('cases'), load)
const asked = (() => {
  try {
    return options.only === undefined ? undefined : numbersOf(options.only)
  } catch (thrown) {
    return usage(thrown.message)
  }
})()
const missing = [...(asked ?? [])].filter((n) => !all.some(({ fault }) => fault === n))
if (missing.length > 0) usage(`there is no case for ${missing.join(', ')}`)
if (options.list) {
  // The table of docs/faults.md.
  for (const { expected, fault, name } of all) say(`| ${fault} | ${name} | ${expected} |`)
  await vite.close()
  process.exit(0)
}
const folder = runFolder()
const shared = await openShared(folder)
const rows = []
const tell = (row) => {
  rows.push(row)
  const { fault, held, figure, kind, name, seconds } = row
  if (options.json)
    say(
      JSON.stringify(
        kind === 'run' ? { fault, held, figure, seconds } : { fault, not_run: true, figure },
      ),
    )
  else
    say(
      `${fault === 0 ? '  ' : String(fault).padStart(2)}  ${kind === 'not_run' ? 'not run' : held ? 'held   ' : 'FAILED '} ${String(seconds).padStart(6)}s  ${shown(name, 56)}  ${figure}`,
    )
}
try {
  if (!options.json) say(`seed ${seed}`)
  const queue = all.filter(({ fault }) => asked === undefined || asked.has(fault))
  const work = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift())
      tell(await runOne(one, seed, folder))
  }
  await Promise.all(Array.from({ length: jobs }, work))
  rows.sort((a, b) => a.fault - b.fault)
  const of = (kind) => rows.filter((row) => row.kind === kind)
  const faults = {
    run: of('run').length,
    held: of('run').filter(({ held }) => held).length,
    failed: of('run')
      .filter(({ held }) => !held)
      .map(({ fault }) => fault),
    not_run: of('not_run').map(({ fault }) => fault),
    seed,
  }
  const loop = crashes > 0 ? await runOne(crashLoop(crashes), seed, folder) : undefined
  if (loop) {
    if (options.json)
      say(
        JSON.stringify({
          crashes,
          held: loop.held === true,
          figure: loop.figure,
          seconds: loop.seconds,
        }),
      )
    else
      say(
        `    ${loop.held ? 'held   ' : 'FAILED '} ${String(loop.seconds).padStart(6)}s  ${shown(loop.name, 56)}  ${loop.figure}`,
      )
  }
  say(JSON.stringify({ faults }))
  if (faults.failed.length > 0 || (loop && loop.held !== true)) exitCode = 1
} finally {
  await shared.close()
  await vite.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(exitCode)

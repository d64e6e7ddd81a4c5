#!/usr/bin/env node
// Benches: `npm run bench -- sql|audit|ssh|http|kube ... [--json]`. Each compares in one run, interleaved; numbers are ratios on this machine.
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const there = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.js') && name !== 'main.js')
  .map((name) => name.replace('.js', ''))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, seconds: { type: 'string' } },
})
const unknown = positionals.filter((name) => !there.includes(name))
if (positionals.length === 0 || unknown.length > 0) {
  process.stderr.write(`usage: npm run bench -- ${there.join('|')} ... [--json] [--seconds N]\n`)
  process.exit(64)
}
let closing = {}
for (const name of positionals) {
  const { run } = await import(`./${name}.js`)
  const say = (line) => process.stderr.write(`${line}\n`)
  closing = {
    ...closing,
    ...(await run({ json: values.json === true, seconds: Number(values.seconds ?? 2), say })),
  }
}
process.stdout.write(`${JSON.stringify(closing)}\n`)
process.exit(0)

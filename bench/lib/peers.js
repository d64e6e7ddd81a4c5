// Other servers to compare with, installed into an ignored folder; they are no dependencies.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../.cache/bench', import.meta.url))

/** Installs what is missing and gives the folder of its packages; `names` are `package@version`. */
export const peers = (names) => {
  const missing = names.filter(
    (name) => !existsSync(join(folder, 'node_modules', name.replace(/(.)@.*$/, '$1'))),
  )
  if (missing.length > 0) {
    mkdirSync(folder, { recursive: true })
    if (!existsSync(join(folder, 'package.json')))
      writeFileSync(join(folder, 'package.json'), '{"private":true}')
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...missing], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  return join(folder, 'node_modules')
}

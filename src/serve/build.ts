/** What runs: its version, and a hash over every file of the code, for the log's headers. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const manifest = z.object({ version: z.string() })

export const version: string = manifest.parse(
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
).version

/** `sha256:` over names and contents of the running code, in order of the names. */
export const buildHash = (): string => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const hash = createHash('sha256').update(version)
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(js|ts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  for (const file of files)
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0')
  return `sha256:${hash.digest('hex')}`
}

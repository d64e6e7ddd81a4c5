/** What a whole run makes once: a frozen copy of the product, an empty migrated cluster to copy, a cluster for targets; and the end of all of it, however the run ends. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startThrowaway, type Throwaway } from '../../../src/store/embedded/throwaway.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface Shared {
  /** Of the run; open for the system user to pass through. */
  readonly folder: string
  /** The product as it was built when the run began: `bin/countersign.js` and all that it needs. */
  readonly product: string
  /** A cluster for targets; it may lose what it acknowledged, for speed. */
  targets(): Promise<Throwaway>
  /** A process that must not outlive the run, also where the run is killed. */
  guard(pid: number): void
  close(): Promise<void>
}

let opened: Shared | undefined

/** Of the run that is under way. */
export const shared = (): Shared => {
  if (opened === undefined) throw new Error('no run is under way')
  return opened
}

export const openShared = async (folder: string): Promise<Shared> => {
  const product = join(folder, 'product')
  // Somebody may build while this runs; what is tested stays what it was.
  for (const part of [
    'bin',
    'dist',
    'migrations',
    'package.json',
    'config.schema.json',
    'verifier',
  ])
    cpSync(join(root, part), join(product, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(product, 'node_modules'))
  const pids = join(folder, 'pids')
  mkdirSync(pids, { mode: 0o700 })
  // Ends what is left when our end of its pipe closes, and clears up.
  const watchdog = spawn(
    '/bin/sh',
    [
      '-c',
      'cat >/dev/null; cd "$1" && for p in *; do [ -e "$p" ] && kill -9 "$p" 2>/dev/null; done; sleep 0.3; for m in $(cut -d" " -f2 /proc/mounts | grep "^$2/"); do umount -l "$m"; done; rm -rf "$2"',
      'watchdog',
      pids,
      folder,
    ],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  )
  let targets: Promise<Throwaway> | undefined
  opened = {
    folder,
    product,
    targets() {
      targets ??= startThrowaway()
      return targets
    },
    guard: (pid) => writeFileSync(join(pids, String(pid)), ''),
    async close() {
      await (await targets)?.stop()
      const gone = new Promise((done) => watchdog.once('exit', done))
      watchdog.stdin?.end()
      await gone
    },
  }
  return opened
}

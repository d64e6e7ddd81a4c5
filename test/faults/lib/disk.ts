/** Small file systems that fill up: a tmpfs of the case's own, mounted where only this run looks. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { serversFolder } from './cluster.ts'
import { type Kit, NotRun } from './fault.ts'

export interface Disk {
  /** Owned by the server's user. */
  readonly folder: string
  /** Takes all the space that is left, but for so many bytes. */
  fill(leaveBytes?: number): void
  /** Gives back what `fill` took. */
  free(): void
  freeBytes(): number
}

const chunk = Buffer.alloc(64 * 1024)

/** Throws NotRun where nothing can be mounted. */
export const openDisk = (kit: Kit, name: string, megabytes: number): Disk => {
  const mount = join(kit.folder, name)
  mkdirSync(mount, { mode: 0o711 })
  const options = `size=${megabytes}m,mode=0711`
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mount], {
    encoding: 'utf8',
  })
  if (made.status !== 0)
    throw new NotRun(
      `a small disk can't be mounted here: ${made.error?.message ?? made.stderr.trim()}`,
    )
  // What still holds a file of it lets go when it ends.
  kit.defer(() => spawnSync('umount', ['-l', mount]))
  const folder = serversFolder(join(mount, 'd'))
  const ballast = join(mount, 'ballast')
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(mount)
    return bavail * bsize
  }
  return {
    folder,
    freeBytes,
    fill(leaveBytes = 0) {
      const file = openSync(ballast, 'a')
      try {
        for (let left = freeBytes() - leaveBytes; left > 0; left = freeBytes() - leaveBytes)
          if (writeSync(file, chunk, 0, Math.min(left, chunk.length)) === 0) return
      } catch (thrown) {
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')) throw thrown
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(ballast, { force: true }),
  }
}

/** Secret files, read again when they have changed: a look at the file's state costs a hundredth of reading it. */
import { statSync } from 'node:fs'
import { readSecretFile } from './refs.ts'

/** A file that was written this shortly before may be written again without its times changing (coarse clocks). */
const settledNs = 2_000_000_000n

/** Everything that changes with the file's content, place, owner or permissions; undefined while it may still be moving. */
const stateOf = (path: string): string | undefined => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return undefined
  const { ctimeNs, dev, gid, ino, mode, mtimeNs, size, uid } = found
  const settled = BigInt(Date.now()) * 1_000_000n - ctimeNs
  return settled < settledNs
    ? undefined
    : [dev, ino, size, mode, uid, gid, mtimeNs, ctimeNs].join(':')
}

/** Text of a file that only its owner can read, as it is now. Rejects with CONFIG_INVALID as `readSecretFile` does. */
export const secretFiles = (): ((path: string) => Promise<string>) => {
  const kept = new Map<string, { readonly state: string; readonly text: string }>()
  return async (path) => {
    // Looked at before it is read: a change in between shows at the next look.
    const state = stateOf(path)
    const before = kept.get(path)
    if (before !== undefined && before.state === state) return before.text
    const text = await readSecretFile(path)
    if (state === undefined) kept.delete(path)
    else kept.set(path, { state, text })
    return text
  }
}

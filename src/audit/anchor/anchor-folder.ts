/** Anchors in a folder: a file a checkpoint, best on a disk of another machine or one that keeps what was written. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AnchorFault, type AnchorPlace } from './anchor.ts'

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''

const get = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

const writeSynced = async (path: string, text: string): Promise<void> => {
  const handle = await open(path, 'wx', 0o444)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** `folder` is made when it is missing. */
export const folderAnchor = (folder: string): AnchorPlace => ({
  name: `dir:${folder}`,
  get: (file) => get(join(folder, file)),
  async put(file, note) {
    await mkdir(folder, { recursive: true })
    const path = join(folder, file)
    // Linked under its name when it is whole: a crash leaves no half of a note, and no link goes over another.
    const aside = join(folder, `.${randomBytes(8).toString('hex')}`)
    await writeSynced(aside, note)
    try {
      await link(aside, path)
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown
      if ((await get(path)) !== note)
        throw new AnchorFault(`${path} holds something else than the checkpoint of this size.`)
    } finally {
      await unlink(aside)
    }
    await syncFolder(folder)
  },
})

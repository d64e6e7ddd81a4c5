/** What the notary keeps on disk, written so that a crash leaves the old or the new and never a part. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces the file; on disk when it resolves. Mode 0600 unless told. */
export const writeDurably = async (file: string, text: string, mode = 0o600): Promise<void> => {
  const aside = `${file}.new`
  const handle = await open(aside, 'w', mode)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, file)
  await syncFolder(dirname(file))
}

export const renameDurably = async (from: string, to: string): Promise<void> => {
  await rename(from, to)
  await syncFolder(dirname(to))
}

/** Makes a folder with these files, all of them or none. */
export const makeFolder = async (
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> => {
  const aside = `${folder}.new`
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { mode: 0o700 })
  for (const [name, text] of Object.entries(files)) await writeDurably(join(aside, name), text)
  await renameDurably(aside, folder)
}

/** Undefined when there is no such file; any other fault is thrown. */
export const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined // readFile throws system errors only
    throw error
  }
}

/** `audit verify BUNDLE --key K`: needs nothing but the files that it is given. */
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MOST_LINE } from '../audit/bundle/lines.ts'
import { verifyBundle } from '../audit/bundle/offline.ts'
import { verifyReceipt } from '../audit/bundle/receipt.ts'
import type { BundleVerification } from '../audit/bundle/verification.ts'
import { type NoteKey, NoteRefused, parseVkeys } from '../audit/tree/note.ts'
import { GateError } from '../errors.ts'
import { decideRecorded } from '../guards/policy/recorded.ts'
import { Usage } from './common.ts'
import { systemWords } from './system-words.ts'

const unreadable = (file: string, cause: unknown): GateError =>
  new GateError(
    'CONFIG_INVALID',
    cause instanceof NoteRefused
      ? `${file} can not be read: ${cause.message}.`
      : (systemWords(cause) ?? `${file} can not be read.`),
    { cause },
  )

/** Verifier keys of the files, which must hold at least one each. */
export const readKeys = async (files: readonly string[]): Promise<readonly NoteKey[]> => {
  const keys: NoteKey[] = []
  for (const file of files) {
    try {
      const found = parseVkeys(await readFile(file, 'utf8'))
      if (found.length === 0) throw new NoteRefused('it holds no key')
      keys.push(...found)
    } catch (thrown) {
      throw unreadable(file, thrown)
    }
  }
  return keys
}

/** Notes of files, and of every `.note` of a folder. */
const readAnchors = async (paths: readonly string[]): Promise<readonly string[]> => {
  const notes: string[] = []
  for (const path of paths) {
    try {
      const files = (await stat(path)).isDirectory()
        ? (await readdir(path))
            .filter((name) => name.endsWith('.note'))
            .sort()
            .map((name) => join(path, name))
        : [path]
      for (const file of files) notes.push(await readFile(file, 'utf8'))
    } catch (thrown) {
      throw unreadable(path, thrown)
    }
  }
  return notes
}

const isReceipt = async (file: string): Promise<Buffer | undefined> => {
  const handle = await open(file, 'r').catch((thrown: unknown) => {
    throw unreadable(file, thrown)
  })
  try {
    const found = await handle.stat()
    if (found.isDirectory())
      throw new GateError('CONFIG_INVALID', `${file} is a folder; give the bundle itself.`)
    const { size } = found
    if (size > MOST_LINE) return undefined
    const bytes = await handle.readFile()
    return bytes.subarray(0, 10).toString() === '{"header":' ? bytes : undefined
  } finally {
    await handle.close()
  }
}

export const verifyFile = async (
  file: string,
  options: { readonly key?: readonly string[]; readonly anchor?: readonly string[] },
): Promise<BundleVerification> => {
  if (!options.key?.length)
    throw new Usage("A bundle is verified with the notary's key: --key notary.pub")
  const trusted = await readKeys(options.key)
  const receipt = await isReceipt(file)
  if (receipt) return verifyReceipt(receipt, trusted)
  return verifyBundle(file, {
    trusted,
    anchors: await readAnchors(options.anchor ?? []),
    decide: decideRecorded,
  })
}

/** Checkpoints (c2sp.org/tlog-checkpoint): origin, size and root of the tree, signed by the notary. */
import { type NoteKey, NoteRefused, openNote, type Signer, signNote } from './note.ts'

export interface Checkpoint {
  /** The log's name. */
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** 1, and one more each time the log was rebased: what was signed in different epochs need not be consistent. */
  readonly epoch: number
}

// An extension line, only after a rebase: checkpoints of two epochs may never be taken for those of one tree.
const epochLine = /^rebased ([1-9]\d{0,5})$/

export const checkpointText = ({ epoch, origin, root, size }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n${epoch > 1 ? `rebased ${epoch}\n` : ''}`

/** Throws NoteRefused. */
export const parseCheckpoint = (text: string): Checkpoint => {
  const [origin = '', size = '', root = '', ...more] = text.split('\n')
  const bytes = Buffer.from(root, 'base64')
  const count = Number(size)
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(count))
    throw new NoteRefused('this is no checkpoint: its size is no number')
  if (bytes.length !== 32 || bytes.toString('base64') !== root)
    throw new NoteRefused('this is no checkpoint: its root is no hash')
  const lines = more.slice(0, -1)
  if (more.at(-1) !== '' || lines.includes(''))
    throw new NoteRefused('this is no checkpoint: it holds an empty line')
  const epoch = lines.map((line) => epochLine.exec(line)?.[1]).find((found) => found !== undefined)
  return { origin, size: count, root: bytes, epoch: epoch === undefined ? 1 : Number(epoch) }
}

export const signCheckpoint = (checkpoint: Checkpoint, signer: Signer): string =>
  signNote(checkpointText(checkpoint), [signer])

/** The checkpoint of this log in a note that a trusted key signed. Throws NoteRefused. */
export const openCheckpoint = (
  note: string,
  trusted: readonly NoteKey[],
  origin: string,
): Checkpoint & { readonly by: readonly NoteKey[] } => {
  const { by, text } = openNote(note, trusted)
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== origin) throw new NoteRefused('this checkpoint is of another log')
  return { ...checkpoint, by }
}

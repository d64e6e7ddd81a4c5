/** What only an operator does, with the notary stopped: another key, a state put back, a log that goes on from elsewhere. */
import { generateKeyPairSync } from 'node:crypto'
import { openCheckpoint } from '../audit/tree/checkpoint-note.ts'
import { EMPTY_ROOT } from '../audit/tree/merkle.ts'
import { signerOf } from '../audit/tree/note.ts'
import {
  headOf,
  type Statement,
  type StatementKind,
  type TreePoint,
  writeStatement,
} from '../audit/tree/note-history.ts'
import { GateError } from '../errors.ts'
import type { NotaryFolder } from './folder.ts'

interface Change {
  readonly kind: StatementKind
  readonly epoch: number
  readonly to: TreePoint
  readonly reason: string
}

const had = ({ signed }: NotaryFolder): TreePoint => signed ?? { size: 0, root: EMPTY_ROOT }

const statementOf = (folder: NotaryFolder, change: Change): Statement => ({
  ...change,
  log: folder.log,
  key: folder.signer,
  from: had(folder),
  at: new Date().toISOString(),
  prev: folder.history.head,
})

/** A new key, signed by the old one; the old private key is gone afterwards. Returns the statement. */
export const rotate = async (folder: NotaryFolder, reason: string): Promise<string> => {
  if (folder.signed === undefined)
    throw new GateError('CONFIG_INVALID', 'The state of this notary is lost: recover it first.')
  const { privateKey } = generateKeyPairSync('ed25519')
  const next = signerOf(folder.log, privateKey)
  const { epoch, hashes, root, size } = folder.signed
  const change = { kind: 'rotated', epoch, to: { size, root }, reason } as const
  const statement = { ...statementOf(folder, change), key: next }
  const note = writeStatement(statement, [folder.signer, next])
  await folder.state(note, privateKey)
  // The last checkpoint is the old key's; the next that is asked for is signed by the new one.
  await folder.keep({ size, root, hashes, epoch, note: undefined, head: headOf(note) })
  return note
}

const resume = async (folder: NotaryFolder, change: Change): Promise<string> => {
  const note = writeStatement(statementOf(folder, change), [folder.signer])
  await folder.state(note)
  await folder.keep({
    ...change.to,
    epoch: change.epoch,
    hashes: undefined,
    note: undefined,
    head: headOf(note),
  })
  return note
}

/**
 * Goes on from a checkpoint of its own that lay outside. `confirmed`: its size, as the operator wrote it. Throws
 * CONFIG_INVALID when the checkpoint is not this notary's, is not the size confirmed, or is older than its state.
 */
export const recover = async (
  folder: NotaryFolder,
  anchor: string,
  confirmed: number,
  reason: string,
): Promise<string> => {
  const point = openCheckpoint(anchor, folder.history.keys, folder.log)
  const { epoch, root, size } = point
  if (size !== confirmed)
    throw new GateError(
      'CONFIG_INVALID',
      `The anchor is of ${size} events, confirmed were ${confirmed}.`,
    )
  if (epoch !== folder.history.epoch)
    throw new GateError(
      'CONFIG_INVALID',
      `The anchor is of the log's epoch ${epoch}; it is in its epoch ${folder.history.epoch}.`,
    )
  const signed = folder.signed?.size ?? 0
  if (size < signed)
    throw new GateError(
      'CONFIG_INVALID',
      `This notary has signed ${signed} events; the anchor, of ${size}, is older.`,
    )
  return resume(folder, { kind: 'recovered', epoch, to: { size, root }, reason })
}

/**
 * Goes on from another tree, which need not extend what was signed: the gap is stated and signed, and the log is in a
 * new epoch. `confirmed`: both sizes, as the operator wrote them. Throws CONFIG_INVALID.
 */
export const rebase = async (
  folder: NotaryFolder,
  to: TreePoint,
  confirmed: { readonly from: number; readonly to: number },
  reason: string,
): Promise<string> => {
  const from = had(folder)
  if (confirmed.from !== from.size || confirmed.to !== to.size)
    throw new GateError(
      'CONFIG_INVALID',
      `The notary has signed ${from.size} events and the store has ${to.size}; confirmed were ${confirmed.from} and ${confirmed.to}.`,
    )
  return resume(folder, { kind: 'rebased', epoch: folder.history.epoch + 1, to, reason })
}

/** What the notary signs and what it refuses: only ever the tree that it signed last, with leaves added. */

import { signCheckpoint } from '../audit/tree/checkpoint-note.ts'
import { type CompactRange, openCompact } from '../audit/tree/compact.ts'
import { GateError } from '../errors.ts'
import type { NotaryFolder, Signed } from './folder.ts'

export interface SignRequest {
  readonly log: string
  readonly epoch: number
  /** What the asker believes to be signed; `hashes`, its compact range, only help a notary that was recovered. */
  readonly old: {
    readonly size: number
    readonly root: Buffer
    readonly hashes?: readonly Buffer[] | undefined
  }
  readonly size: number
  readonly root: Buffer
  /** Leaves `old.size` to `size` - 1. */
  readonly leaves: readonly Buffer[]
}

export type Refusal = 'log' | 'epoch' | 'moved' | 'behind' | 'fork' | 'range' | 'leaves' | 'root'
export type Answer =
  | { readonly kind: 'signed'; readonly note: string }
  | { readonly kind: 'refused'; readonly why: Refusal; readonly message: string }

export interface Notary {
  readonly log: string
  readonly notes: readonly string[]
  signed(): Signed
  /** One at a time, in order. Rejects when the state can't be kept: then nothing was signed. */
  sign(request: SignRequest): Promise<Answer>
}

const refused = (why: Refusal, message: string): Answer => ({ kind: 'refused', why, message })
const short = (root: Buffer): string => root.toString('hex').slice(0, 16)

const objection = (has: Signed, request: SignRequest, log: string): Answer | undefined => {
  const { epoch, leaves, old, size } = request
  if (request.log !== log)
    return refused('log', `I am the notary of ${log}, not of ${request.log}.`)
  if (epoch !== has.epoch)
    return refused('epoch', `The log is in its epoch ${has.epoch}; ${epoch} was offered.`)
  if (old.size < has.size)
    return refused(
      'moved',
      `I have signed ${has.size} events; what was offered begins at ${old.size}. I never sign a smaller tree, and nothing twice.`,
    )
  if (old.size > has.size)
    return refused(
      'behind',
      `I have signed ${has.size} events only, and ${old.size} are said to be signed: my state is an old one, or I am the wrong notary.`,
    )
  if (!old.root.equals(has.root))
    return refused(
      'fork',
      `The first ${has.size} events are not those that I signed: I have root ${short(has.root)}, offered was ${short(old.root)}.`,
    )
  if (size < old.size || leaves.length !== size - old.size)
    return refused('leaves', `${leaves.length} leaves do not lead from ${old.size} to ${size}.`)
  return undefined
}

const rangeOf = (has: Signed, { old }: SignRequest): CompactRange | undefined => {
  const hashes = has.hashes ?? old.hashes
  if (hashes === undefined) return undefined
  try {
    const range = openCompact({ size: has.size, hashes })
    return range.root().equals(has.root) ? range : undefined
  } catch {
    return undefined
  }
}

/** Throws CONFIG_INVALID when the state is lost: then only `notary recover` helps. */
export const openNotary = (folder: NotaryFolder): Notary => {
  if (folder.signed === undefined)
    throw new GateError(
      'CONFIG_INVALID',
      'The state of this notary is lost, so it can not know what it has signed, and signs nothing.',
      {
        hint: 'countersign notary recover --anchor FILE puts it back from an anchor that lies outside.',
      },
    )
  let has = folder.signed
  const sign = async (request: SignRequest): Promise<Answer> => {
    const no = objection(has, request, folder.log)
    if (no) return no
    if (request.size === has.size && has.note !== undefined)
      return { kind: 'signed', note: has.note }
    const range = rangeOf(has, request)
    if (range === undefined)
      return refused('range', `I was recovered at ${has.size} events and need their compact range.`)
    for (const leaf of request.leaves) range.append(leaf)
    const root = range.root()
    if (!root.equals(request.root))
      return refused(
        'root',
        `These leaves lead to root ${short(root)}, not to ${short(request.root)}.`,
      )
    const { hashes, size } = range.state()
    const { epoch, head } = has
    const note = signCheckpoint({ origin: folder.log, size, root, epoch }, folder.signer)
    const next = { size, root, hashes, epoch, note, head }
    // On disk first: a signature that is out can't be forgotten.
    await folder.keep(next)
    has = next
    return { kind: 'signed', note }
  }
  let queue: Promise<unknown> = Promise.resolve()
  return {
    log: folder.log,
    notes: folder.notes,
    signed: () => has,
    sign(request) {
      const answer = queue.then(() => sign(request))
      queue = answer.catch(() => undefined)
      return answer
    },
  }
}

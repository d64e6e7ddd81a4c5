/** Signed notes over a bundle's tree: its checkpoints, its anchors, and the anchors that the auditor brings. */
import { openCheckpoint, parseCheckpoint } from '../tree/checkpoint-note.ts'
import { type CompactRange, openCompact } from '../tree/compact.ts'
import { type NoteKey, NoteRefused, UNTRUSTED } from '../tree/note.ts'

export interface NotesCheck {
  /** A leaf was added to the tree. */
  grown(range: CompactRange): void
  /** A note of the bundle. */
  note(kind: 'checkpoint' | 'anchor', note: string, say: (what: string) => void): void
  /** After all events: the auditor's anchors, and how far signatures reach. */
  end(
    range: CompactRange,
    rebased: boolean,
    by: { readonly report: (what: string) => void; readonly incomplete: (what: string) => void },
  ): { readonly signed: number; readonly notChecked: readonly string[] }
}

/** Size that a note claims; undefined when it can't be read. */
export const claimedSize = (note: string): number | undefined => {
  try {
    return parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1)).size
  } catch {
    return undefined
  }
}

interface Found {
  readonly kind: 'checkpoint' | 'anchor'
  readonly size: number
  readonly epoch: number
  readonly right: boolean | undefined
  readonly say: (what: string) => void
}

/** `sizes`: those at which roots are needed; the tree's first `range.size` leaves are known by their range only. */
export const openNotesCheck = (by: {
  readonly log: string
  readonly trusted: readonly NoteKey[]
  readonly anchors: readonly string[]
  readonly sizes: ReadonlySet<number>
  readonly start: CompactRange
}): NotesCheck => {
  const roots = new Map<number, Buffer>([[by.start.size, by.start.root()]])
  roots.set(0, openCompact().root())
  const found: Found[] = []
  const strange: { readonly size: number; readonly say: (what: string) => void }[] = []

  const judge = (kind: Found['kind'], note: string, say: (what: string) => void): void => {
    const { epoch, root, size } = openCheckpoint(note, by.trusted, by.log)
    const ours = roots.get(size)
    found.push({ kind, size, epoch, say, right: ours?.equals(root) })
  }

  return {
    grown(range) {
      if (by.sizes.has(range.size)) roots.set(range.size, range.root())
    },
    note(kind, note, say) {
      try {
        judge(kind, note, say)
      } catch (thrown) {
        if (!(thrown instanceof NoteRefused)) throw thrown
        const size = claimedSize(note)
        if (size !== undefined && thrown.message === UNTRUSTED) strange.push({ size, say })
        else say(`does not hold: ${thrown.message}`)
      }
    },
    end(range, rebased, { incomplete, report }) {
      for (const [at, note] of by.anchors.entries()) {
        const say = (what: string) => report(`anchor ${at + 1} of those brought ${what}`)
        try {
          judge('anchor', note, say)
        } catch (thrown) {
          if (!(thrown instanceof NoteRefused)) throw thrown
          incomplete(`anchor ${at + 1} of those brought does not hold: ${thrown.message}`)
        }
      }
      const epoch = found.reduce((most, one) => Math.max(most, one.epoch), 0)
      let signed = 0
      let before = 0
      let unseen = 0
      for (const one of found) {
        if (one.right === true) signed = Math.max(signed, one.size)
        // Trees of two epochs need not agree, where the log itself says that it was rebased.
        else if (rebased && one.epoch < epoch) before += 1
        else if (one.size > range.size)
          one.say(`covers ${one.size} events and there are ${range.size}: the end is gone`)
        else if (one.right === undefined && one.size < by.start.size) unseen += 1
        else one.say('was signed over other events than these')
      }
      const old = strange.filter(({ size }) => size < signed)
      for (const { say, size } of strange) if (size >= signed) say('was signed by no trusted key')
      return {
        signed,
        notChecked: [
          ...(old.length > 0
            ? [`${old.length} older checkpoints: their key is not among the trusted ones`]
            : []),
          ...(before > 0 ? [`${before} checkpoints from before the log was rebased`] : []),
          ...(unseen > 0 ? [`${unseen} checkpoints from before this part of the log`] : []),
        ],
      }
    },
  }
}

/** Notaries without a network, and trees for them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leafHash } from '../../src/audit/stream/header.ts'
import { type CompactRange, openCompact } from '../../src/audit/tree/compact.ts'
import type { NotaryPort, NotaryView } from '../../src/audit/tree/notary-port.ts'
import { type NotaryFolder, openFolder } from '../../src/notary/folder.ts'
import { type Notary, openNotary, type SignRequest } from '../../src/notary/sign.ts'

export const log = 'test/log'

export const temporary = (): { path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), 'cs-notary-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export const leavesOf = (from: number, to: number, seed = 0): Buffer[] =>
  Array.from({ length: to - from }, (_, at) => leafHash(Buffer.from(`${seed}/${from + at}`)))

export const rangeOf = (leaves: readonly Buffer[]): CompactRange => {
  const range = openCompact()
  for (const leaf of leaves) range.append(leaf)
  return range
}

/** A request that leads the tree of these leaves from `from` to `to`. */
export const plea = (leaves: readonly Buffer[], from: number, to: number): SignRequest => {
  const old = rangeOf(leaves.slice(0, from))
  return {
    log,
    epoch: 1,
    old: { ...old.state(), root: old.root() },
    size: to,
    root: rangeOf(leaves.slice(0, to)).root(),
    leaves: leaves.slice(from, to),
  }
}

export const viewOf = (notary: Notary): NotaryView => {
  const { epoch, note, root, size } = notary.signed()
  return { log: notary.log, epoch, size, root, note, history: notary.notes }
}

export const portOf = (notary: () => Notary): NotaryPort => ({
  state: async () => viewOf(notary()),
  async sign(request) {
    const answer = await notary().sign(request)
    return answer.kind === 'signed' ? answer : { ...answer, has: viewOf(notary()) }
  },
})

/** A notary on a folder; `again` opens it anew, as after a restart. */
export const testNotary = async (folder: string, name = log) => {
  let open: NotaryFolder = await openFolder(folder, name)
  let notary = openNotary(open)
  return {
    get notary() {
      return notary
    },
    get open() {
      return open
    },
    port: portOf(() => notary),
    async again() {
      open = await openFolder(folder)
      notary = openNotary(open)
    },
  }
}

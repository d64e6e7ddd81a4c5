/** The file of a gap: what `audit rebase` found in the store, and a notary's operator confirms. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { GateError } from '../errors.ts'
import { rebase } from '../notary/ceremony.ts'
import type { NotaryFolder } from '../notary/folder.ts'
import { Usage } from './common.ts'

const form = z.strictObject({
  v: z.literal(1),
  log: z.string(),
  from: z.int().min(0),
  to: z.int().min(0),
  root: z.string().regex(/^[0-9a-f]{64}$/),
  reason: z.string().max(500),
})
export type Gap = z.output<typeof form>

/** Throws CONFIG_INVALID. */
export const readGap = async (file: string): Promise<Gap> => {
  try {
    return form.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new GateError('CONFIG_INVALID', `${file} is no gap that audit rebase wrote.`, { cause })
  }
}

/** `confirm`: `FROM:TO`, as the operator wrote it. Returns the signed statement of the gap. */
export const applyGap = async (
  open: NotaryFolder,
  gap: Gap,
  confirm: string | undefined,
): Promise<string> => {
  const [, from, to] = /^(\d{1,16}):(\d{1,16})$/.exec(confirm ?? '') ?? []
  if (from === undefined || to === undefined)
    throw new Usage(`Confirm what is given up and what remains: --confirm ${gap.from}:${gap.to}`)
  if (gap.log !== open.log)
    throw new GateError('CONFIG_INVALID', `This gap is of ${gap.log}, the notary of ${open.log}.`)
  const point = { size: gap.to, root: Buffer.from(gap.root, 'hex') }
  return rebase(open, point, { from: Number(from), to: Number(to) }, gap.reason)
}

/** Opens what a row holds sealed, and so finds out whether anything of the row was changed since it was written. */
import { timingSafeEqual } from 'node:crypto'
import { GateError } from '../errors.ts'
import type { KeyWrap } from '../types.ts'
import { decisive, type Row } from './row.ts'
import { unseal } from './seal.ts'

export const mismatch = (message: string, cause?: unknown): GateError =>
  new GateError('APPROVAL_MISMATCH', message, {
    hint: 'Send the call again to ask for a new approval.',
    ...(cause === undefined ? {} : { cause }),
  })

/** The input that was held. Throws APPROVAL_MISMATCH when its key is gone, or when anything that was decided by has changed. */
export const opened = (found: Row, keys: KeyWrap): unknown => {
  if (!found.sealed_input || !found.sealed_key) throw mismatch(`The approval is ${found.state}.`)
  try {
    const { digest, input } = unseal(
      found.call_id,
      { input: found.sealed_input, key: found.sealed_key },
      {
        tool: found.tool,
        target: found.target,
        targetIdentity: found.target_identity,
        iss: found.iss,
        sub: found.sub,
        client: found.client,
      },
      decisive(found),
      keys,
    )
    if (digest.length === found.digest.length && timingSafeEqual(digest, found.digest)) return input
  } catch (cause) {
    throw mismatch(
      'What is stored is not what was asked: the row was changed, or its key is gone.',
      cause,
    )
  }
  throw mismatch('What is stored is not what was approved.')
}

export const isOpen = ({ state }: Row): boolean => state === 'requested' || state === 'approved'

/** Whether an open request can be shown and answered; one that has ended has no key and decides nothing. */
export const intact = (found: Row, keys: KeyWrap): boolean => {
  if (!isOpen(found)) return true
  try {
    opened(found, keys)
    return true
  } catch {
    return false
  }
}

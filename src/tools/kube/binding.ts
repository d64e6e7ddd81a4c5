/** What an approval is bound to beside its input: the very object that approvers saw, whatever has its name later. */
import { createHash } from 'node:crypto'
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'
import { at } from './objects.ts'

/** In letters alone, so that masking, which looks for digits, never takes it for anything. */
export const bindingOf = (...parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(parts))
    .digest('hex')
    .replace(/\d/g, (digit) => String.fromCharCode(103 + Number(digit)))

/** Throws APPROVAL_MISMATCH when an approved call would run on anything but what its approvers saw; what is not approved passes. */
export const checkApproved = (approved: Json | undefined, binding: string): void => {
  if (approved === undefined || at(approved, 'binding') === binding) return
  throw new GateError(
    'APPROVAL_MISMATCH',
    'This is not the object that was approved: another has taken its name, or its image was changed. Nothing was run.',
    { hint: 'Send the call again to ask for a new approval.' },
  )
}

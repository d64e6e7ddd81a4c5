/** Fields that the SSH tools share, and what they make of a target for the shell facts. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Json, SshTarget } from '../../types.ts'
import { parsePrograms } from '../shell/config.ts'
import type { ShellOptions } from '../shell/types.ts'

export const target = z.string().max(99)
export const reason = z.string().max(999).optional()
export const idempotencyKey = z.string().min(8).max(99).optional()
/** Short for the model's sake: that it is absolute and plain is checked with the facts, by `checkPath`. */
export const path = z.string().max(999)

/** Throws INPUT_REFUSED on a path that is not absolute or holds what can't be seen. */
export const checkPath = (given: string): void => {
  if (!/^\/[^\u0000-\u001f\u007f]*$/.test(given)) {
    throw new GateError('INPUT_REFUSED', 'A path has to be absolute and on one line.', {
      hint: 'Begin with /.',
    })
  }
}

const options = new WeakMap<SshTarget, ShellOptions>()
/** What the shell facts know of a target. Throws INTERNAL when its programs don't follow the grammar. */
export const shellOptions = (of: SshTarget): ShellOptions => {
  const known = options.get(of)
  if (known) return known
  const parsed = parsePrograms(of.programs)
  if (!parsed.ok) {
    throw new GateError(
      'CONFIG_INVALID',
      `The programs of ${of.name} in the configuration are not valid: ${parsed.problem}`,
    )
  }
  const made: ShellOptions = {
    roots: of.roots,
    sensitive: of.sensitive,
    programs: parsed.programs,
    ...(of.home !== undefined ? { home: of.home } : {}),
  }
  options.set(of, made)
  return made
}

const text: Json = { type: 'string' }
const number: Json = { type: 'integer' }
export const outputs = { text, number, boolean: { type: 'boolean' } as Json }

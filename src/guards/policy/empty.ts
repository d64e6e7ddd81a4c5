/** Policy files that hold nothing. Emptied, or cut before its first policy, a file would quietly forbid nothing any more. */
import { GateError } from '../../errors.ts'
import type { PolicySource } from './compile.ts'

/** Throws CONFIG_INVALID for files of nothing but comments and blanks. */
export const refuseEmptyPolicies = (files: readonly PolicySource[]): void => {
  const empty = files.filter(({ text }) => text.replaceAll(/\/\/.*$/gm, '').trim() === '')
  if (empty.length > 0)
    throw new GateError(
      'CONFIG_INVALID',
      empty
        .map(
          ({ file }) =>
            `${file}:1: holds no policy: it may be half-written; take the file away if that is meant`,
        )
        .join('\n'),
    )
}

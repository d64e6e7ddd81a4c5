/** Facts of one path that is read or written as a whole, without a shell. */
import { GateError } from '../../errors.ts'
import { Findings } from './findings.ts'
import { absolute, inside } from './paths.ts'
import { checkText } from './text.ts'
import type { ShellFacts, ShellOptions } from './types.ts'

/**
 * Facts of an absolute path. Throws INPUT_REFUSED outside the roots, for what nobody reads or writes, and for characters
 * that can't be seen.
 */
export const pathFacts = (
  path: string,
  kind: 'file' | 'out',
  options: ShellOptions,
): ShellFacts => {
  checkText(path)
  const whole = absolute(path, '/')
  if (options.roots.length > 0 && !inside(whole, options.roots)) {
    throw new GateError('INPUT_REFUSED', 'This path lies outside the folders of this target.', {
      hint: `Inside are: ${options.roots.slice(0, 20).join(', ')}.`,
    })
  }
  const findings = new Findings(options)
  findings.path({ text: whole, many: false }, kind, ['/'])
  if (kind === 'out') findings.raise('write')
  return findings.facts()
}

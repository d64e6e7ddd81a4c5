/** Looking at the arguments of a program without a table. */
import type { Arg } from '../types.ts'

/** A pattern of names with its wildcards filled by something and by nothing: what it is meant to find. */
export const aimedAt = (pattern: string): readonly string[] => [
  pattern.replace(/[*?\uE000-\uE004]|\[[^\]]*\]/g, 'x'),
  pattern.replace(/[*?\uE000-\uE004]|\[[^\]]*\]/g, ''),
]
/** One of the arguments looks like this. */
export const has = (args: readonly Arg[], option: RegExp): boolean =>
  args.some((a) => option.test(a.text))
/** The operands, where no option takes a value apart. */
export const plain = (args: readonly Arg[]): readonly Arg[] => {
  const cut = args.findIndex((a) => a.text === '--')
  const free = (cut < 0 ? args : args.slice(0, cut)).filter(
    (a) => !a.text.startsWith('-') || a.text === '-',
  )
  return cut < 0 ? free : [...free, ...args.slice(cut + 1)]
}

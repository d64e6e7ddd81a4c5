/** The words of a wrapper that are its own, in front of the command that it runs. */
import type { Arg, Judge, Port } from '../types.ts'
import { isLiteral } from '../wildcard.ts'

export interface Wrapper {
  /** Options that take a value, and those that don't. An option in neither is refused. */
  readonly values?: string
  readonly flags?: string
  /** Operands of its own before the command. */
  readonly skip?: number
  readonly outputs?: string
}
const list = (names: string | undefined): readonly string[] => (names ? names.split(' ') : [])

/** Index of the first word that is not one of the wrapper's own. */
export const ownWords = (
  name: string,
  wrapper: Wrapper,
  args: readonly Arg[],
  port: Port,
): number => {
  const values = list(wrapper.values)
  const flags = list(wrapper.flags)
  const outputs = list(wrapper.outputs)
  let i = 0
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (t === '--') return i + 1
    if (!t.startsWith('-') || t === '-') break
    const long = t.split('=')[0] ?? t
    const short = t.slice(0, 2)
    if (outputs.includes(long)) {
      const target = t.includes('=')
        ? { text: t.slice(t.indexOf('=') + 1), many: false }
        : args[i + 1]
      if (target) port.path(target, 'out')
      if (!t.includes('=')) i += 1
    } else if (values.includes(t)) i += 1
    else if (t.startsWith('--') ? values.includes(long) : values.includes(short)) continue
    else if (flags.includes(t) || (name === 'nice' && /^-[0-9]+$/.test(t))) continue
    else if (!t.startsWith('--') && [...t.slice(1)].every((c) => flags.includes(`-${c}`))) continue
    else
      port.refuse(`The option ${isLiteral(t) ? t.slice(0, 20) : ''} of ${name} is not known here.`)
  }
  return i
}
/** A wrapper that is all options and a command. */
export const wrap =
  (name: string, wrapper: Wrapper): Judge =>
  (args, port) => {
    const i = ownWords(name, wrapper, args, port) + (wrapper.skip ?? 0)
    if (i < args.length) port.run(args.slice(i))
  }

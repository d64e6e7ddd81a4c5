/** Shells that are started by a command: followed into their script, or refused. */
import type { Arg, Dialect, Judge } from '../types.ts'
import { isLiteral } from '../wildcard.ts'

/** Options of a shell that leave its meaning as it is. */
const shellFlags = /^(-[euxvnfC]+|\+[euxvnf]+|--noprofile|--norc|--posix)$/
const shell =
  (dialect: Dialect): Judge =>
  (args, port) => {
    let text: Arg | undefined
    let i = 0
    for (; i < args.length; i += 1) {
      const t = args[i]?.text ?? ''
      if (/^-[euxvnf]*c[euxvnf]*$/.test(t)) {
        text = args[i + 1]
        if (!text) port.refuse('The shell gets no script behind -c.')
        return port.script(text, dialect, args.slice(i + 2))
      }
      if (t === '-o' || t === '+o') i += 1
      else if (t === '--version' || t === '--help') return
      else if (t === '--') {
        i += 1
        break
      } else if (!t.startsWith('-') && !t.startsWith('+')) break
      else if (!shellFlags.test(t))
        port.refuse(
          'A shell that is interactive, a login shell, or reads its commands from elsewhere is not allowed.',
          'Send the commands themselves.',
        )
    }
    const file = args[i]
    if (!file)
      return port.refuse(
        'A shell without a script would run whatever it is fed.',
        'Send the commands themselves.',
      )
    if (!isLiteral(file.text)) port.refuse('Which script runs is not known before it runs.')
    port.path(file, 'file')
    port.raise('write')
  }
const otherShell: Judge = (_, port) =>
  port.refuse('This shell is not judged here.', 'Write the command for sh.')

const others = [
  'zsh',
  'ksh',
  'mksh',
  'fish',
  'csh',
  'tcsh',
  'rbash',
  'yash',
  'pwsh',
  'nu',
  'xonsh',
  'posh',
]
export const shells: Readonly<Record<string, Judge>> = {
  sh: shell('sh'),
  dash: shell('sh'),
  ash: shell('sh'),
  bash: shell('bash'),
  ...Object.fromEntries(others.map((n) => [n, otherShell])),
}

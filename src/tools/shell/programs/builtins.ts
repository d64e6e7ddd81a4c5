/** What the shell itself does: variables, options, traps. */

import { secretName, variableKind } from '../scope.ts'
import type { Arg, Judge, Port } from '../types.ts'
import { any, isLiteral } from '../wildcard.ts'

const isolate =
  (message: string, hint?: string): Judge =>
  (_, port) =>
    port.refuse(message, hint)
const nothing: Judge = () => {}
/** `a[$(cmd)]` as a name is evaluated by bash, wherever a name is taken. */
const plainNames = (args: readonly Arg[], port: Port): void => {
  for (const a of args) {
    if (/\[/.test(a.text))
      port.refuse('A subscript in the name of a variable can run code.', 'Use plain names.')
  }
}

const assignment: Judge = (args, port) => {
  plainNames(args, port)
  const words = args.filter((a) => !/^[-+]/.test(a.text) || a.text === '-')
  for (const a of args) {
    if (/^[-+]/.test(a.text) && !/^[-+][rxgaAlu]+$/.test(a.text))
      port.refuse(
        'This option would show every variable, or lets a value be evaluated as code.',
        'Name the variable: echo "$NAME".',
      )
  }
  if (words.length === 0)
    port.refuse('The list of all variables can hold secrets.', 'Name the variable: echo "$NAME".')
  for (const { text } of words) {
    const [, name = text, value] = /^([A-Za-z_]\w*)(?:=([\s\S]*))?$/.exec(text) ?? []
    if (!isLiteral(name)) port.refuse('Which variable is set is not known before it runs.')
    if (
      variableKind(name, value === undefined || !isLiteral(value) ? undefined : value) === 'bad'
    ) {
      port.refuse(`Setting ${name} can change which code runs.`, 'Leave the variable out.')
    }
  }
}

const exporting: Judge = (args, port) => {
  assignment(args, port)
  for (const { text } of args) {
    const name = /^[A-Za-z_]\w*/.exec(text)?.[0]
    if (name !== undefined && variableKind(name, text.slice(name.length + 1)) === 'unknown')
      port.raise('write')
  }
}

const set: Judge = (args, port) => {
  if (args.length === 0)
    port.refuse('The list of all variables can hold secrets.', 'Name the variable: echo "$NAME".')
  for (let i = 0; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (t === '--' || t === '-') return
    if (/^[-+]o$/.test(t)) {
      i += 1
      if (
        !/^(errexit|nounset|pipefail|noglob|xtrace|verbose|noclobber|noexec)$/.test(
          args[i]?.text ?? '',
        )
      )
        port.refuse('This option of the shell is not allowed.')
    } else if (/^[-+]/.test(t) && !/^[-+][euxvfCn]+$/.test(t)) {
      if (/^-[eux]*o$/.test(t) && args[i + 1]?.text === 'pipefail') i += 1
      else port.refuse('This option of the shell is not allowed.')
    } else if (!/^[-+]/.test(t)) return
  }
}

const evaluate: Judge = (args, port) => {
  if (args.some((a) => !isLiteral(a.text) || a.many))
    port.refuse('What eval runs is only known when it runs.', 'Send the command itself.')
  port.script({ text: args.map((a) => a.text).join(' '), many: false }, port.dialect)
}

const trap: Judge = (args, port) => {
  const words = args.filter((a) => a.text !== '--')
  if (words.length < 2 || /^-[lp]/.test(words[0]?.text ?? '')) return
  const text = words[0]
  if (!text || text.text === '-' || text.text === '') return
  // It runs wherever the script is by then.
  port.folder({ text: any, many: false })
  port.script(text, port.dialect)
}

const readVariables: Judge = (args, port) => {
  plainNames(args, port)
  for (const a of args) {
    if (!a.text.startsWith('-') && variableKind(a.text, undefined) === 'bad')
      port.refuse(`Setting ${a.text} can change which code runs.`)
  }
}
const printf: Judge = (args, port) => {
  if (args[0]?.text.startsWith('-v'))
    readVariables(
      args[0].text === '-v' ? args.slice(1, 2) : [{ text: args[0].text.slice(2), many: false }],
      port,
    )
}
const unset: Judge = (args, port) => {
  plainNames(args, port)
  if (args.some((a) => /^-[a-z]*[fn]/.test(a.text)))
    port.refuse('Removing functions hides what a name runs.')
  for (const a of args)
    if (!a.text.startsWith('-') && variableKind(a.text, undefined) === 'bad')
      port.refuse(`Unsetting ${a.text} can change which code runs.`)
}

/** `[ -v 'a[$(cmd)]' ]` runs cmd in bash. Paths are only looked at; knowing that a file is there tells nothing of it. */
const test: Judge = (args, port) => {
  if (args.some((a) => a.text === '-v' || a.text === '-R'))
    plainNames(
      args.filter((a) => a.text !== '[' && a.text !== ']'),
      port,
    )
}
const changeFolder: Judge = (args, port) => {
  const words = args.filter((a) => !/^-[LPe@]+$/.test(a.text) && a.text !== '--')
  if (words.length > 1) port.refuse('cd takes one folder.')
  port.folder(words[0])
}
const whole = 'The whole environment can hold secrets.'
const printenv: Judge = (args, port) => {
  const names = args.filter((a) => a.text !== '-0' && a.text !== '--null')
  if (names.length === 0) port.refuse(whole, 'Name the variables: printenv HOME PATH.')
  for (const { text } of names) {
    if (!isLiteral(text) || secretName.test(text)) {
      port.refuse('This variable may hold a secret.', 'Leave it out.')
    }
  }
}
const shopt: Judge = (args, port) => {
  if (args.some((a) => /^-[a-z]*[su]/.test(a.text)))
    port.refuse('Options of the shell change what the text means.')
}
const alias: Judge = (args, port) => {
  if (args.length > 0) port.refuse('An alias hides what a name runs.', 'Send the command itself.')
}
const enable: Judge = (args, port) => {
  if (args.some((a) => a.text.startsWith('-') || !isLiteral(a.text)) || args.length > 0)
    port.refuse('Loading or hiding built-ins is not allowed.')
}

export const builtins: Readonly<Record<string, Judge>> = {
  ':': nothing,
  true: nothing,
  false: nothing,
  exit: nothing,
  return: nothing,
  break: nothing,
  continue: nothing,
  shift: nothing,
  times: nothing,
  wait: plainNames,
  umask: nothing,
  pwd: nothing,
  type: nothing,
  which: nothing,
  whereis: nothing,
  jobs: (args, port) => {
    if (args.some((a) => /^-[a-z]*x/.test(a.text))) port.refuse('jobs -x runs another command.')
  },
  getopts: readVariables,
  dirs: nothing,
  help: nothing,
  ulimit: nothing,
  caller: nothing,
  echo: nothing,
  printf,
  test,
  '[': test,
  cd: changeFolder,
  pushd: (_, port) => port.folder({ text: any, many: false }),
  popd: (_, port) => port.folder({ text: any, many: false }),
  export: exporting,
  readonly: assignment,
  local: assignment,
  declare: assignment,
  typeset: assignment,
  set,
  unset,
  eval: evaluate,
  trap,
  read: readVariables,
  printenv,
  shopt,
  alias,
  unalias: alias,
  enable,
  source: isolate(
    'A file that is read into the shell is not judged here.',
    'Run the file as a program.',
  ),
  '.': isolate(
    'A file that is read into the shell is not judged here.',
    'Run the file as a program.',
  ),
  let: isolate('let evaluates text as code.', 'Use $(( .. )).'),
  ...Object.fromEntries(
    [
      'mapfile',
      'readarray',
      'bind',
      'complete',
      'compgen',
      'compopt',
      'history',
      'fc',
      'fg',
      'bg',
      'disown',
      'suspend',
      'logout',
      'coproc',
    ].map((n) => [n, isolate(`${n} has no use in a command that is judged before it runs.`)]),
  ),
}

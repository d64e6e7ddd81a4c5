/** Programs that run another one: each is followed down to what it runs. */

import { variableKind } from '../scope.ts'
import type { Arg, Judge, Port } from '../types.ts'
import { any, isLiteral } from '../wildcard.ts'
import { ownWords, wrap } from './own-words.ts'
import { shells } from './shells.ts'

/** `NAME=value` words in front of a command; returns the index behind them. */
export const environmentWords = (args: readonly Arg[], from: number, port: Port): number => {
  let i = from
  for (; i < args.length; i += 1) {
    const found = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(args[i]?.text ?? '')
    if (!found) break
    setting(found[1] ?? '', found[2] ?? '', port)
  }
  return i
}
/** A variable in the environment of a command. */
export const setting = (name: string, value: string, port: Port): void => {
  const kind = variableKind(name, isLiteral(value) ? value : undefined)
  if (kind === 'bad')
    port.refuse(`Setting ${name} can change which code runs.`, 'Leave the variable out.')
  if (kind === 'unknown') port.raise('write')
}

const env: Judge = (args, port) => {
  let i = 0
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (/^(-i|-|-0|-v|--ignore-environment|--null|--debug)$/.test(t)) continue
    if (/^(-u|--unset)$/.test(t)) i += 1
    else if (/^(-u.|--unset=)/.test(t)) continue
    else if (/^(-S|--split-string)/.test(t)) return splitString(args, i, port)
    else if (t === '--') {
      i += 1
      break
    } else if (!t.startsWith('-')) break
    else
      port.refuse('This option of env is not allowed here.', 'Use the field cwd to set the folder.')
  }
  i = environmentWords(args, i, port)
  if (i >= args.length)
    port.refuse(
      'The whole environment can hold secrets.',
      'Name the variables: printenv HOME PATH.',
    )
  port.run(args.slice(i))
}
const splitString = (args: readonly Arg[], i: number, port: Port): void => {
  const t = args[i]?.text ?? ''
  const attached = t.startsWith('--') ? t.split('=').slice(1).join('=') : t.slice(2)
  const text = attached !== '' ? attached : (args[i + 1]?.text ?? '')
  if (!isLiteral(text) || /["'\\$#]/.test(text))
    port.refuse('env -S with quotes or variables is not judged here.', 'Write the command itself.')
  const words = text
    .split(/\s+/)
    .filter((w) => w !== '')
    .map((w) => ({ text: w, many: false }))
  env([...words, ...args.slice(attached !== '' ? i + 1 : i + 2)], port)
}

/** Runs with another account's rights: always `admin`, and never an open shell. */
const sudo: Judge = (args, port) => {
  port.raise('admin')
  let i = 0
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (t === '--') {
      i += 1
      break
    }
    if (!t.startsWith('-')) break
    if (
      /^-[ugpCTrthDR]$/.test(t) ||
      /^--(user|group|prompt|role|type|host|close-from|command-timeout)$/.test(t)
    )
      i += 1
    else if (
      !/^(-[nHkKlvAPBN]+|-[ug].+|--(user|group|prompt)=.*|--(non-interactive|set-home|list|validate|reset-timestamp|remove-timestamp))$/.test(
        t,
      )
    ) {
      port.refuse(
        "sudo may run one named command, without a shell, an editor or the caller's environment.",
      )
    }
  }
  i = environmentWords(args, i, port)
  if (i < args.length) port.run(args.slice(i))
  else if (!args.some((a) => /^(-[lvkKn]+|--list|--validate)$/.test(a.text)))
    port.refuse('sudo needs a command here.')
}

const busybox: Judge = (args, port) => {
  const t = args[0]?.text ?? ''
  if (args.length === 0 || /^--(list|list-full|help)$/.test(t)) return
  port.run(args)
}

const watch: Judge = (args, port) => {
  const i = ownWords(
    'watch',
    {
      values: '-n --interval -q --equexit',
      flags:
        '-d -t -b -e -g -c -x -p --differences --no-title --beep --errexit --chgexit --color --exec --precise',
    },
    args,
    port,
  )
  if (i >= args.length) return
  if (args.slice(0, i).some((a) => /^(-[a-z]*x|--exec)/.test(a.text)))
    return port.run(args.slice(i))
  port.script(
    {
      text: args
        .slice(i)
        .map((a) => a.text)
        .join(' '),
      many: false,
    },
    'sh',
    [],
  )
}

const flock: Judge = (args, port) => {
  const i = ownWords(
    'flock',
    {
      values: '-w --timeout -E --conflict-exit-code',
      flags:
        '-s -x -e -n -u -o -F -v --shared --exclusive --nonblock --unlock --close --no-fork --verbose',
    },
    args,
    port,
  )
  const lock = args[i]
  if (lock && !/^[0-9]+$/.test(lock.text)) port.path(lock, 'out')
  const rest = args.slice(i + 1)
  if (/^(-c|--command)$/.test(rest[0]?.text ?? '')) port.script(rest[1], 'sh', [])
  else if (rest.length > 0) port.run(rest)
}

const command: Judge = (args, port) => {
  const t = args[0]?.text ?? ''
  if (/^-p?[vV]+$/.test(t)) return
  const from = t === '-p' || t === '--' ? 1 : 0
  const next = args[from]
  if (next?.text.startsWith(any)) port.refuse('Which command runs is not known before it runs.')
  if (next) port.run(args.slice(from))
}
const exec: Judge = (args, port) => {
  let from = 0
  while (/^-[acl]+$/.test(args[from]?.text ?? '')) {
    if (args[from]?.text !== '-c') port.refuse('exec with another name is not allowed.')
    from += 1
  }
  if (from < args.length) port.run(args.slice(from))
}

const ioniceWords = {
  values: '-c --class -n --classdata -p --pid -P --pgid -u --uid',
  flags: '-t --ignore',
}
const runIonice = wrap('ionice', ioniceWords)
const ionice: Judge = (args, port) => {
  const own = args.slice(0, ownWords('ionice', ioniceWords, args, port))
  const whose = own.some((a) => /^(-[a-zA-Z]*[pPu]|--(pid|pgid|uid))/.test(a.text))
  if (whose && own.some((a) => /^(-[a-zA-Z]*[cn]|--cl)/.test(a.text))) port.raise('write')
  runIonice(args, port)
}

const chroot: Judge = (args, port) => {
  port.raise('admin')
  const i =
    ownWords('chroot', { values: '--groups --userspec', flags: '--skip-chdir' }, args, port) + 1
  if (i >= args.length) port.refuse('chroot without a command opens a shell.')
  port.run(args.slice(i))
}
const asUser: Judge = (args, port) => {
  port.raise('admin')
  const at = args.findIndex((a) => a.text === '--')
  const user = args.findIndex((a) => /^(-u|--user)$/.test(a.text))
  if (at < 0 || user < 0 || at + 1 >= args.length)
    port.refuse(
      'Changing the account opens a shell, or hides what runs.',
      'Use runuser -u USER -- COMMAND.',
    )
  port.run(args.slice(at + 1))
}
const su: Judge = (_, port) =>
  port.refuse('su opens a shell of another account.', 'Ask for a target with that account.')

export const wrappers: Readonly<Record<string, Judge>> = {
  timeout: wrap('timeout', {
    values: '-k --kill-after -s --signal',
    flags: '--foreground --preserve-status -v --verbose -f -p',
    skip: 1,
  }),
  nice: wrap('nice', { values: '-n --adjustment' }),
  nohup: wrap('nohup', {}),
  setsid: wrap('setsid', { flags: '-w --wait -c --ctty' }),
  stdbuf: wrap('stdbuf', { values: '-i -o -e --input --output --error' }),
  ionice,
  chrt: wrap('chrt', { flags: '-b -f -i -o -r --batch --idle --other', skip: 1 }),
  taskset: wrap('taskset', { flags: '-c --cpu-list -a', skip: 1 }),
  time: wrap('time', {
    values: '-f --format',
    flags: '-p -v -a -q --portability --verbose --append --quiet',
    outputs: '-o --output',
  }),
  env,
  sudo,
  doas: sudo,
  su,
  runuser: asUser,
  chroot,
  watch,
  flock,
  command,
  builtin: command,
  exec,
  busybox,
  toybox: busybox,
  ...shells,
}

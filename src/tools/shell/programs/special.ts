/** Programs whose options mean too much for a table. */
import type { Arg, Judge } from '../types.ts'
import { any, isLiteral } from '../wildcard.ts'
import { archives } from './archives.ts'
import { has, plain } from './arguments.ts'
import { asking } from './asking.ts'
import { looking } from './looking.ts'
import { searching } from './searching.ts'

/** Everything below: `admin`, and refused where it would take a system with it. */
const wholeTrees = /^\/(\*|\uE000)?$|^\/[^/]+\/?(\uE000)?$|^\/(home|usr|var|etc|lib|opt)\/[^/]+$/
const recursive: Judge = (args, port) => {
  if (has(args, /^(-[a-zA-Z]*[rR][a-zA-Z]*|--recursive)$/)) {
    port.raise('admin')
    for (const a of plain(args)) {
      if (
        wholeTrees.test(a.text.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')) ||
        a.text.startsWith('~') ||
        a.text === '.' ||
        a.text === '..' ||
        a.text.startsWith(any)
      ) {
        port.refuse(
          'This would change or remove a whole tree of the system.',
          'Name the folder below it that is meant.',
        )
      }
    }
  }
}
const rm: Judge = (args, port) => {
  port.raise('write')
  if (has(args, /^--no-preserve-root/)) port.refuse('rm without its safety catch is not allowed.')
  recursive(args, port)
  for (const a of plain(args)) port.path(a, 'out')
}
const changeMode =
  (name: string): Judge =>
  (args, port) => {
    if (has(args, /^(-[a-zA-Z]*R[a-zA-Z]*|--recursive)$/))
      recursive([{ text: '-R', many: false }, ...plain(args).slice(1)], port)
    if (name === 'chmod' && has(args, /^([ugoa]*[+=][rwxXt]*s|[2467][0-7]{3}|0[2467][0-7]{3})/))
      port.raise('admin')
    port.listed(name, args)
  }

const cp: Judge = (args, port) => {
  port.raise('write')
  const tree = has(args, /^(-[a-zA-Z]*[rRa][a-zA-Z]*|--recursive|--archive)$/)
  const target = has(args, /^(-[a-zA-Z]*t|--target-directory)/)
  const operands = plain(args)
  if (has(args, /^--strip-program/)) port.refuse('install may not run another program.')
  operands.forEach((a, i) => {
    const last = i === operands.length - 1 && !target
    port.path(a, last ? 'out' : tree ? 'tree' : 'file')
  })
  for (const a of args)
    if (/^(-t.|--target-directory=)/.test(a.text))
      port.path({ text: a.text.replace(/^(-t|[^=]*=)/, ''), many: false }, 'out')
}

const dd: Judge = (args, port) => {
  for (const a of args) {
    const [, key, value = ''] = /^(\w+)=([\s\S]*)$/.exec(a.text) ?? []
    if (key === undefined && !/^--(help|version)$/.test(a.text)) port.raise('write')
    if (key === 'if') port.path({ text: value, many: a.many }, 'file')
    if (key === 'of') {
      port.raise('write')
      port.path({ text: value, many: a.many }, 'out')
    }
  }
}

const kill: Judge = (args, port) => {
  if (has(args, /^(-l|-L|--list|--table)$/)) return
  port.raise('write')
  const targets = args.filter(
    (a, i) =>
      !(a.text.startsWith('-') && i === 0) &&
      a.text !== '--' &&
      !/^-s$/.test(args[i - 1]?.text ?? ''),
  )
  for (const a of targets) {
    if (/^(-1|0|1|-0)$/.test(a.text))
      port.refuse('This would signal every process, or the first one.', 'Name the process.')
  }
}
const crontab: Judge = (args, port) => {
  if (has(args, /^-[a-z]*l/) && !has(args, /^-[a-z]*[er]/) && plain(args).length <= 1) return
  port.refuse('Jobs that run later are outlived by no approval.', 'Only crontab -l is allowed.')
}
/** Only the question whether a port answers. */
const nc: Judge = (args, port) => {
  const asks =
    has(args, /^-[a-z46]*z[a-z46]*$/) &&
    args.every((a) => !a.text.startsWith('-') || /^-[zvunw46]+[0-9]*$/.test(a.text))
  if (!asks) port.refuse('nc can carry anything anywhere.', 'Only nc -z HOST PORT is allowed.')
  for (const a of plain(args)) if (/[a-z.:]/i.test(a.text) || !isLiteral(a.text)) port.host(a)
}
const pager: Judge = (args, port) => {
  for (const a of args) {
    if (
      a.text.startsWith('+') ||
      (a.text.length > 1 &&
        a.text.startsWith('-') &&
        !/^-([aABceEfFgGiIJKLmMnNqQrRsSuUwWXz~0-9]+|-(no-init|quit-if-one-screen|quit-at-eof|raw-control-chars|RAW-CONTROL-CHARS|chop-long-lines|line-numbers|LINE-NUMBERS|ignore-case|IGNORE-CASE|squeeze-blank-lines|force|mouse)|)$/.test(
          a.text,
        ))
    )
      port.refuse('This option of the pager runs commands or writes.', 'Use cat, head or tail.')
  }
  for (const a of plain(args)) port.path(a, 'file')
}
const man: Judge = (args, port) => {
  for (const a of plain(args)) if (a.text.includes('/')) port.path(a, 'file')
  const calm =
    /^(-[afkwWuiIVd0-9]+|-[sSLE].*|-|--(all|where|path|location|whatis|apropos|sections?(=.*)?|locale=.*|regex|wildcard|names-only|ignore-case|match-case|no-subpages|no-hyphenation|no-justification|ascii|default|encoding=.*|help|usage|version))?$/
  if (args.some((a) => a.text.startsWith('-') && a.text !== '--' && !calm.test(a.text)))
    port.refuse('This option of man runs another program or reads another file.')
}

/** It may run the program that it looks at: only one that the system keeps. */
const ldd: Judge = (args, port) => {
  for (const a of plain(args))
    if (
      !/^\/(usr\/)?(s?bin|lib[0-9x]*)\/[^\uE000-\uE004]+$/.test(a.text) ||
      /\/\.\.(\/|$)/.test(a.text)
    )
      port.raise('write')
}
/** A version or a usage text, and nothing else. */
export const onlyVersion = (args: readonly Arg[]): boolean =>
  args.length === 1 && /^(--version|--help|-version|-V)$/.test(args[0]?.text ?? '')
const interpreter =
  (name: string): Judge =>
  (args, port) => {
    if (args.length === 1 && /^-v$/.test(args[0]?.text ?? '')) return
    if (name === 'php' && args.length === 1 && args[0]?.text === '-m') return
    if (plain(args).length === 0)
      port.refuse(
        `${name} without a file would run what it is fed.`,
        'Name a script that was reviewed.',
      )
    port.listed(name, args)
  }
const languages = [
  'python',
  'python2',
  'python3',
  'perl',
  'ruby',
  'node',
  'nodejs',
  'php',
  'lua',
  'Rscript',
  'deno',
  'bun',
  'tclsh',
]
export const special: Readonly<Record<string, Judge>> = {
  ...archives,
  ...looking,
  rm,
  cp,
  install: cp,
  dd,
  ldd,
  kill,
  crontab,
  nc,
  less: pager,
  zless: pager,
  zmore: pager,
  more: pager,
  most: pager,
  man,
  chmod: changeMode('chmod'),
  chown: changeMode('chown'),
  chgrp: changeMode('chgrp'),
  ...searching,
  ...asking,
  ...Object.fromEntries(languages.map((n) => [n, interpreter(n)])),
}

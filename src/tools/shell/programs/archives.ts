/** Archives and copies: what they run on the way, what they read and where they write. */
import type { Judge } from '../types.ts'
import { has, plain } from './arguments.ts'

const old = /^-?[a-zA-Z]+$/
const tar: Judge = (args, port) => {
  const runs =
    /^(--to-command|--checkpoint-action|--use-compress-program|--rsh-command|--info-script|--new-volume-script|--rmt-command|--to-c|--checkpoint-a|--use-c|--us|--rs|--rm|--inf|--new-v|-I|-F)/
  if (has(args, runs)) port.refuse('This option of tar runs another program.')
  const first = args[0]?.text ?? ''
  const letters = old.test(first) && !first.startsWith('--') ? first.replace('-', '') : ''
  const all =
    letters +
    args
      .slice(1)
      .filter((a) => /^-[a-zA-Z]+$/.test(a.text))
      .map((a) => a.text.slice(1))
      .join('')
  if (/[IF]/.test(all)) port.refuse('This option of tar runs another program.')
  const mode = /[cruxtdA]/.exec(all)?.[0] ?? (has(args, /^--list$/) ? 't' : undefined)
  if (
    has(args, /^(--remove-files|--delete|--extract|--get|--create|--append|--update)$/) ||
    mode === undefined
  )
    port.raise('write')
  const archive = all.includes('f')
    ? args.find((a, i) => i > 0 && (a.text === '-' || !a.text.startsWith('-')))
    : undefined
  for (const [i, a] of args.entries()) {
    const file = /^(--fi[a-z]*=|-[a-zA-Z]*f)([^=]+)$/.exec(a.text)?.[2]
    const named = /^--fi[a-z]*$/.test(a.text) ? args[i + 1]?.text : file
    if (named === undefined) continue
    if (/^[^/]*:/.test(named)) port.refuse('tar may not reach another machine.')
    port.path({ text: named, many: a.many }, 'file')
  }
  if (archive && /^[^/]*:/.test(archive.text)) port.refuse('tar may not reach another machine.')
  if (has(args, /^(-T|--files-from|-X)/) || (all.includes('T') && letters.includes('T')))
    port.raise('write')
  if (mode === 't' || mode === 'd') {
    if (archive) port.path(archive, 'file')
  } else if (mode === 'x' && (all.includes('O') || has(args, /^--to-stdout$/))) {
    if (archive) port.path(archive, 'file')
  } else if (mode === 'c' && (archive === undefined || archive.text === '-')) {
    for (const a of plain(args).slice(letters && !first.startsWith('-') ? 1 : 0))
      port.path(a, 'tree')
  } else {
    port.raise('write')
    for (const a of plain(args).slice(1))
      port.path(a, a === archive && mode !== 'x' ? 'out' : mode === 'x' ? 'file' : 'tree')
  }
  if (has(args, /^(-g|--listed-incremental|--index-file|--volno-file)/)) port.raise('write')
}

const rsync: Judge = (args, port) => {
  if (
    has(
      args,
      /^(-[a-zA-Z]*e|--rsh|--rsync-path|--daemon|--server|--config|--filter|--files-from|--password-file|--early-input|-M|--remote-option)/,
    )
  ) {
    port.refuse('This option of rsync runs another program, or reaches another machine.')
  }
  port.raise(has(args, /^--(del|delete|remove-source-files|delete-[a-z]+)$/) ? 'admin' : 'write')
  const operands = plain(args)
  operands.forEach((a, i) => {
    if (/^[^/]*:/.test(a.text)) port.refuse('rsync may not reach another machine.')
    port.path(a, i === operands.length - 1 && i > 0 ? 'out' : 'tree')
  })
}

const squeeze =
  (name: string): Judge =>
  (args, port) => {
    const toStdout = has(
      args,
      /^(-[a-zA-Z0-9]*[clt][a-zA-Z0-9]*|--stdout|--to-stdout|--list|--test)$/,
    )
    const operands = plain(args)
    if (has(args, /^-[a-zA-Z0-9]*[oS]|^--(output|suffix|files)/)) port.raise('write')
    if (!toStdout && operands.some((o) => o.text !== '-')) return port.listed(name, args)
    for (const a of operands) port.path(a, 'file')
  }
const unzip: Judge = (args, port) => {
  if (!has(args, /^-[a-zA-Z]*[lvtpZ][a-zA-Z]*$/)) port.raise('write')
  const file = plain(args)[0]
  if (file) port.path(file, 'file')
}

const squeezers = [
  'gzip',
  'gunzip',
  'bzip2',
  'bunzip2',
  'xz',
  'unxz',
  'zstd',
  'unzstd',
  'lz4',
  'lzop',
  'pigz',
]
export const archives: Readonly<Record<string, Judge>> = {
  tar,
  bsdtar: tar,
  gtar: tar,
  rsync,
  unzip,
  ...Object.fromEntries(squeezers.map((n) => [n, squeeze(n)])),
}

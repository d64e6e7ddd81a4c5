/** Archives and copies: what they run on the way, what they read and where they write. */
import type { Arg, Judge, Port } from '../types.ts'
import { has, plain } from './arguments.ts'

const old = /^-?[a-zA-Z]+$/
/** Long options of tar that run another program; any beginning of one may stand for it. */
const running = [
  '--to-command',
  '--checkpoint-action',
  '--use-compress-program',
  '--rsh-command',
  '--info-script',
  '--new-volume-script',
  '--rmt-command',
]
/** Those that change what is shown, or how an archive is read, and no more. */
const calmLong =
  /^--(list|extract|get|create|file|to-stdout|verbose|gzip|gunzip|ungzip|bzip2|xz|zstd|lzma|lzip|lzop|auto-compress|checkpoint|exclude|exclude-vcs|wildcards|no-wildcards|no-wildcards-match-slash|anchored|no-anchored|ignore-case|strip-components|full-time|numeric-owner|utc|totals|block-number|show-transformed-names|quoting-style|occurrence|ignore-failed-read|warning|no-recursion|one-file-system|sparse|dereference|sort|mtime|newer|owner|group|mode|format|directory|absolute-names|ignore-zeros|force-local|version|help)$/
const tarLong = (args: readonly Arg[], port: Port): void => {
  for (const { text, many } of args) {
    if (!text.startsWith('--') || text === '--') continue
    const [name = '', value] = text.split(/=([\s\S]*)/)
    const calm = calmLong.test(name)
    if (!calm && running.some((r) => r.startsWith(name)))
      port.refuse('This option of tar runs another program.')
    if (!calm) port.raise('write')
    const opens = /^--(dir|add|fil|exclude-f|files)/.test(name) && !/^--fi(l|le)?$/.test(name)
    if (value !== undefined && opens) port.path({ text: value, many }, 'tree')
  }
}
const tar: Judge = (args, port) => {
  if (has(args, /^-[IF]/)) port.refuse('This option of tar runs another program.')
  tarLong(args, port)
  for (const { text, many } of args) {
    const found = /^(?:-[a-zA-Z]*C|@)([^a-zA-Z@][\s\S]*)$/.exec(text)?.[1]
    if (found !== undefined) port.path({ text: found, many }, 'tree')
  }
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
  if (/[^tcxdvzjJZfOpkChSPanimowblBHs]/.test(all)) port.raise('write')
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
    // Any other option may take what follows for its value, `-c` among it, or write.
    const calm = args.every((a) => !a.text.startsWith('-') || calmSqueeze.test(a.text))
    const toStdout =
      /cat$/.test(name) ||
      has(args, /^(-[a-zA-Z0-9]*[ct][a-zA-Z0-9]*|--stdout|--to-stdout|--list|--test)$/) ||
      (name !== 'lz4' && has(args, /^-[a-zA-Z0-9]*l[a-zA-Z0-9]*$/))
    const operands = plain(args)
    if (!calm) {
      port.raise('write')
      for (const a of args)
        port.path({ text: a.text.replace(/^--[a-z-]+=/, ''), many: a.many }, 'file')
    }
    if (!toStdout && operands.some((o) => o.text !== '-')) return port.listed(name, args)
    for (const a of operands) port.path(a, 'file')
  }
const calmSqueeze =
  /^(-[cdfklnNqtvVhLrze0-9]+|-[Tp][0-9]+|--|--(stdout|to-stdout|decompress|uncompress|list|test|keep|force|quiet|silent|verbose|no-name|name|fast|best|no-progress|progress|robot|single-stream|threads=[0-9]+|long(=[0-9]+)?|version|help))?$/
const unzip: Judge = (args, port) => {
  const options = args.filter((a) => a.text.startsWith('-'))
  // `-d` and `-P` take the letters behind them for a folder and a password.
  const calm = options.every((a) => /^-([lvtpcqazjCLM]+|Z[12lsmvhMtTzC]*)$/.test(a.text))
  if (!calm || !has(options, /^-[a-zA-Z]*[lvtpcZ]/)) port.raise('write')
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
  'zcat',
  'bzcat',
  'xzcat',
  'zstdcat',
  'lzcat',
  'lz4cat',
  'gzcat',
]
export const archives: Readonly<Record<string, Judge>> = {
  tar,
  bsdtar: tar,
  gtar: tar,
  rsync,
  unzip,
  ...Object.fromEntries(squeezers.map((n) => [n, squeeze(n)])),
}

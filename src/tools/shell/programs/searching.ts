/** Programs that search files: whole trees of them, some of which they find by patterns of names. */
import type { Arg, Judge, Program } from '../types.ts'
import { aimedAt, has, plain } from './arguments.ts'

const here: Arg = { text: '.', many: false }
/** The pattern came with an option, so that every operand is a file. */
const patternGiven = /^(-[a-zA-Z]*[ef]|--(reg[a-z]*|fil?e?)(=|$))/
const grepTable: Program = {
  args: 'text file',
  opts: {
    '-e --regexp -A --after-context -B --before-context -C --context -m --max-count --include --exclude --exclude-dir --label --binary-files -d --directories -D --devices':
      'value',
    '-f --file --exclude-from': 'file',
  },
}
const allFiles: Program = { ...grepTable, args: 'file' }
const grep =
  (name: string): Judge =>
  (args, port) => {
    // Long options may be cut short, and `-d` may have its value behind it.
    const deep =
      has(
        args,
        /^(-[a-zA-Z]*[rR][a-zA-Z]*|--rec[a-z]*|--dereference-r[a-z]*|--di[a-z]*=r[a-z]*)$/,
      ) ||
      args.some(
        (a, i) => /^(-[a-zA-Z]*d|--di[a-z]*)$/.test(args[i - 1]?.text ?? '') && /^r/.test(a.text),
      )
    const given = has(args, patternGiven)
    port.table(given ? allFiles : grepTable, args, name)
    if (!deep) return
    const operands = plain(args)
    const files = given ? operands : operands.slice(1)
    for (const a of args) {
      const glob = /^--inc[a-z]*=([\s\S]*)$/.exec(a.text)?.[1]
      for (const name of glob === undefined ? [] : aimedAt(glob))
        port.path({ text: `${files[0]?.text ?? '.'}/${name}`, many: false }, 'file')
    }
    // Without a file it goes through the folder that it is in.
    for (const a of files.length > 0 ? files : [here]) port.path(a, 'tree')
  }
const searcher: Judge = (args, port) => {
  if (has(args, /^--(pre(=|$)|host|search-z|pa(g|ge|ger)?(=|$)|env|ackr?c?(=|$))|^-[a-zA-Z]*z/))
    port.refuse('This option runs another program.')
  if (has(args, /^(-f|--file(=|$)|--ignore-file)/)) port.raise('write')
  const files = plain(args).slice(has(args, patternGiven) || has(args, /^--files$/) ? 0 : 1)
  for (const [i, a] of args.entries()) {
    const glob = /^(-g|--i?gl[a-z]*=?)([\s\S]*)$/.exec(a.text)
    if (!glob || /^!/.test(glob[2] ?? '')) continue
    for (const name of aimedAt(glob[2] || (args[i + 1]?.text ?? '')))
      port.path({ text: `${files[0]?.text ?? '.'}/${name}`, many: false }, 'file')
  }
  for (const a of files) port.path(a, 'tree')
  // Left to itself it skips what is hidden, keys among it.
  const hidden = has(args, /^(-[a-zA-Z]*[u.][a-zA-Z.]*|--(hid|no-ig|unr)[a-z-]*)$/)
  if (files.length === 0 && hidden && !port.piped) port.path(here, 'tree')
}

export const searching: Readonly<Record<string, Judge>> = {
  grep: grep('grep'),
  egrep: grep('egrep'),
  fgrep: grep('fgrep'),
  ...Object.fromEntries(['zgrep', 'zegrep', 'zfgrep', 'xzgrep', 'bzgrep'].map((n) => [n, grep(n)])),
  rg: searcher,
  ag: searcher,
  ack: searcher,
}

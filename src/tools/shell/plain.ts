/** A script that is one program and its words, so that no shell has to read it again: what was judged is handed over as it is. */
import type { Script, Word } from 'unbash'
import { shellOwn } from './programs/index.ts'

/** Built into some shells, and programs of their own elsewhere. */
const alsoOwn: ReadonlySet<string> = new Set(['kill', 'chdir', 'time', 'newgrp'])
const alike: ReadonlySet<string> = new Set(['true', 'false'])
const bare = /^[A-Za-z0-9_.,:@%+=/-]+$/
const single = /^'([^'\\!\n]*)'$/
const double = /^"([^"$`\\!\n]*)"$/

const textOf = ({ text }: Word): string | undefined =>
  bare.test(text) ? text : (single.exec(text)?.[1] ?? double.exec(text)?.[1])

/** The words of a script that is one simple command without anything alive in it; undefined for all others. */
export const plainWords = ({ commands }: Script): readonly string[] | undefined => {
  const [only, ...more] = commands
  if (!only || more.length > 0 || only.background) return undefined
  const { command } = only
  if (command.type !== 'Command' || command.prefix.length > 0 || command.redirects.length > 0)
    return undefined
  const name = command.name?.text ?? ''
  // What the shell does itself stays its own, but where the program does the same.
  const own = (shellOwn.has(name) || alsoOwn.has(name)) && !alike.has(name)
  if (own || !/^[A-Za-z0-9_./+][A-Za-z0-9_./+-]*$/.test(name)) return undefined
  const words = command.args.map((arg) => (arg.type === 'Word' ? textOf(arg) : undefined))
  return words.every((w) => w !== undefined) ? [name, ...words] : undefined
}

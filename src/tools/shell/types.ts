/** The words that the shell room shares: abstract arguments, the grammar of programs, facts. */
import type { BaseFacts, Effect } from '../../types.ts'

export type Dialect = 'sh' | 'bash'

/** One argument as far as it is known before the run: literal text mixed with the wildcards of `wildcard.ts`. */
export interface Arg {
  readonly text: string
  /** May stand for several words, or none (an unquoted expansion). */
  readonly many: boolean
}

/** What an operand or the value of an option is: `file` is read, `meta` only looked at, `tree` read with all below it, `out` written. */
export type Kind = 'text' | 'file' | 'meta' | 'tree' | 'out' | 'host'

/** What an option does. A trailing `=` says that it takes a value. */
export type OptionRule =
  | 'flag'
  | 'value'
  | Exclude<Kind, 'text'>
  | 'write'
  | 'admin'
  | 'refuse'
  | 'write='
  | 'admin='
  | 'refuse='

/**
 * One program of the grammar; the same shape is what an admin writes under a target's `programs`, and so plain JSON (an
 * interface would not be).
 */
export type Program = {
  /** Effect of any use of it that no rule below raises; `read` unless told. */
  readonly effect?: Effect
  /** Refused for everybody, with this sentence. */
  readonly refuse?: string
  /** Kinds of the operands in order, the last repeated: `text file`. */
  readonly args?: string
  /** More operands than this make it `over`, `write` unless told. */
  readonly max?: number
  readonly over?: Effect
  /** By spellings joined with spaces: `{ '-o --output': 'out' }`. An option that is not listed is a flag. */
  readonly opts?: Readonly<Record<string, OptionRule>>
  /** Long options begin with one dash (`openssl x509 -in`). */
  readonly dash?: boolean
  /** An option that is not listed makes it this. */
  readonly strict?: Effect
  /** By the first operand; several names may share a key, joined with spaces. */
  readonly sub?: Readonly<Record<string, Program>>
  /** A subcommand that is not listed; `write` unless told. */
  readonly rest?: Effect | 'refuse'
  /** With no subcommand at all; `read` unless told. */
  readonly bare?: Effect | 'refuse'
}

export type Judge = (args: readonly Arg[], port: Port) => void

/** What a judge of one program tells the walk; everything that reaches facts goes through here. */
export interface Port {
  /** What stdin is fed from, as far as known: lines of it, or undefined when nothing is known. */
  readonly lines: readonly string[] | undefined
  readonly piped: boolean
  readonly dialect: Dialect
  raise(effect: Effect): void
  /** Throws INPUT_REFUSED. */
  refuse(message: string, hint?: string): never
  path(arg: Arg, kind: Exclude<Kind, 'text' | 'host'>): void
  host(arg: Arg): void
  /** Changes the folder that what follows runs in; the home without an argument. */
  folder(arg: Arg | undefined): void
  /** Judges another command that this one runs. */
  run(args: readonly Arg[]): void
  /** Judges a script that a new shell runs with its `$0`, `$1` ...; without params, one that this shell evaluates. */
  script(text: Arg | undefined, dialect: Dialect, params?: readonly Arg[]): void
  /** Runs a built-in or admin's table entry by these operands. */
  table(program: Program, args: readonly Arg[], name: string): void
  /** The judgement by table of a program that has a judge of its own. */
  listed(name: string, args: readonly Arg[]): void
}

export interface ShellOptions {
  /** Where the command starts; the account's home when it isn't said. */
  readonly cwd?: string
  readonly home?: string
  /** Folders that the agent is meant to work in; writes elsewhere are `admin`. Empty: anywhere. */
  readonly roots: readonly string[]
  /** Globs (`**`, `*`, `?`) that nobody reads or writes, beside the defaults. */
  readonly sensitive: readonly string[]
  /** The admin's additions, as `parsePrograms` made them. */
  readonly programs: ReadonlyMap<string, Program>
}

export interface ShellFacts extends BaseFacts {
  readonly programs: readonly string[]
  readonly paths: readonly string[]
  readonly writes: readonly string[]
  readonly hosts: readonly string[]
  /** Where it is one program and its words, for which no shell is needed. */
  readonly words?: readonly string[]
}

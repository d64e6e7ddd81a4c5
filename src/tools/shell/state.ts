/** What is carried through a walk: where findings go, which folders the command may be in, and what holds at one place. */
import type { SyntaxNode } from 'unbash'
import { type Findings, refuse } from './findings.ts'
import { absolute } from './paths.ts'
import type { Scope } from './scope.ts'
import type { Arg, Dialect, ShellOptions } from './types.ts'
import { any, isLiteral } from './wildcard.ts'

/** More folders than this that a command may be in: then it may be in any. */
const mostFolders = 32

/** What holds at one place of a script. */
export interface Place {
  readonly dialect: Dialect
  readonly scope: Scope
  readonly functions: Set<string>
  /** Inside `$(..)`: whatever changes something there is hidden in a word. */
  readonly hidden: boolean
  /** In the outermost list of commands, where everything runs in order and once. */
  readonly top: boolean
  readonly looping: boolean
  /** What stdin brings, line by line, where it is known. */
  readonly lines: readonly string[] | undefined
  readonly piped: boolean
  readonly depth: number
}
export const startOf = (dialect: Dialect, scope: Scope, depth: number): Place => ({
  dialect,
  scope,
  functions: new Set(),
  hidden: false,
  top: false,
  looping: false,
  lines: undefined,
  piped: false,
  depth,
})

export interface ScriptOptions {
  readonly dialect: Dialect
  readonly params: readonly string[] | undefined
  readonly depth: number
  readonly hidden: boolean
  /** Runs in the shell that is there already (eval, trap), and so must not touch its variables. */
  readonly inside: boolean
}

export interface State {
  readonly findings: Findings
  readonly options: ShellOptions
  readonly home: string
  readonly folders: Folders
  script(text: string, options: ScriptOptions): unknown
  visit(node: SyntaxNode, place: Place): void
}

/** Every folder that the command may be in by now; never none. */
export class Folders {
  #all: readonly string[]
  /** Where the last `cd` leads when it succeeds. */
  #last: readonly string[]
  readonly #home: string
  constructor(start: string, home: string) {
    this.#all = [start]
    this.#last = [start]
    this.#home = home
  }
  get all(): readonly string[] {
    return this.#all
  }

  /** A `cd`, which may fail: it may be here or there after it. */
  move(to: Arg | undefined, looping: boolean): void {
    this.#last = this.#target(to, looping)
    this.#set([...this.#last, ...this.#all])
  }
  #target(to: Arg | undefined, looping: boolean): readonly string[] {
    if (to === undefined) return [this.#home]
    const unknown = to.text === '-' || !isLiteral(to.text) || to.many
    if (unknown || (looping && !to.text.startsWith('/'))) return [any]
    return this.#all.map((f) => absolute(to.text, f))
  }

  /** Behind `cd X &&` nothing runs anywhere but in X. */
  succeeded(): void {
    this.#set(this.#last)
  }
  also(others: readonly string[]): void {
    this.#set([...this.#all, ...others])
  }
  /** Runs `inner` in a process of its own: where that goes, nobody follows. */
  apart(inner: () => void): void {
    const before = this.#all
    inner()
    this.#all = before
  }
  #set(folders: readonly string[]): void {
    const all = [...new Set(folders)]
    this.#all = all.length > mostFolders || all.length === 0 ? [any] : all
  }
}

export const unknownProgram = (): never =>
  refuse('Which program runs is only known when it runs.', 'Write the name of the program out.')

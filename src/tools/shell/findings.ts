/** Where everything that is found lands: effect, programs, paths, hosts. */
import { GateError } from '../../errors.ts'
import type { Effect } from '../../types.ts'
import { absolute, inside, isSink, type PathRules, pathRules, treeOf } from './paths.ts'
import type { Arg, Kind, ShellFacts, ShellOptions } from './types.ts'
import { any, below, isLiteral, show } from './wildcard.ts'

/** Below a folder, by no name or by one that is written out: as much as reading the whole tree. */
const everything = new RegExp(`${below}(/[^\\uE000-\\uE004]*)?$`)
/** Where a target names no roots: what belongs to the system. */
const systemFolders = /^\/(etc|usr|s?bin|lib[0-9x]*|boot|root|var\/lib)(\/|$)/
const rank: Readonly<Record<Effect, number>> = { read: 0, write: 1, admin: 2 }

export const refuse = (message: string, hint?: string): never => {
  throw new GateError('INPUT_REFUSED', message, hint === undefined ? {} : { hint })
}

export class Findings {
  effect: Effect = 'read'
  /** Of the longest list that runs one after another, outside of loops and conditions. */
  statements = 1
  readonly programs = new Set<string>()
  readonly paths = new Set<string>()
  readonly writes = new Set<string>()
  readonly hosts = new Set<string>()
  readonly #rules: PathRules
  readonly #options: ShellOptions
  constructor(options: ShellOptions) {
    this.#options = options
    this.#rules = pathRules(options.sensitive)
  }

  /** So many statements stand one after another. */
  list(statements: number): void {
    this.statements = Math.max(this.statements, statements)
  }

  raise(effect: Effect): void {
    if (rank[effect] > rank[this.effect]) this.effect = effect
  }

  host(text: string): void {
    if (!isLiteral(text))
      refuse(
        'Which host is asked is only known when it runs, and can carry data out.',
        'Write the host out.',
      )
    if (!text.startsWith('@') && !text.startsWith('+')) this.hosts.add(text.slice(0, 300))
  }

  /** One path from every folder that the command may be in. Says whether it is written. */
  path(arg: Arg, kind: Exclude<Kind, 'text' | 'host'>, folders: readonly string[]): boolean {
    // `-` is stdin to who reads, and a file of that name to most who write.
    if (arg.text === '' || (arg.text === '-' && kind !== 'out')) return false
    for (const folder of folders) this.#one(absolute(arg.text, folder), arg.text, kind)
    const written = kind === 'out' && !folders.every((f) => isSink(absolute(arg.text, f)))
    if (written) this.raise('write')
    return written
  }

  #one(path: string, given: string, kind: Exclude<Kind, 'text' | 'host'>): void {
    if (isSink(path)) return
    const shown = show(path).replace(/^\/~/, '~').slice(0, 300)
    if (this.#rules.sensitive(path)) {
      // A wholly unknown path fits everything; to look at it, or to write it with an approval, is another matter.
      if (!path.startsWith(any) || (isLiteral(given) && kind !== 'meta'))
        refuse(
          `${show(given).replace(/^\/~/, '~').slice(0, 200)} is, or may be, a path that nobody reads or writes here.`,
          'Name other files.',
        )
      if (kind === 'file' || kind === 'tree') {
        refuse('Which file is read is only known when it runs.', 'Write the path out.')
      }
    }
    if (
      (kind === 'tree' || (kind === 'file' && everything.test(path))) &&
      this.#rules.wide(treeOf(path))
    ) {
      refuse(
        `Everything below ${shown} would be read, with keys and passwords among it.`,
        'Name a folder further down.',
      )
    }
    this.paths.add(shown)
    if (kind === 'out') this.#write(path, shown)
  }

  #write(path: string, shown: string): void {
    if (this.#rules.persistent(path) && !path.startsWith(any))
      refuse(`${shown} decides what runs later, and is not written from here.`)
    this.writes.add(shown)
    const roots = this.#options.roots
    const outside = roots.length > 0 ? !inside(path, roots) : systemFolders.test(path)
    if (outside && !path.startsWith('/~') && !path.startsWith(any)) this.raise('admin')
  }

  facts(): ShellFacts {
    const programs = [...this.programs]
    const paths = [...this.paths]
    const writes = [...this.writes]
    const hosts = [...this.hosts]
    return {
      effect: this.effect,
      programs,
      paths,
      writes,
      hosts,
      policy: { programs, paths, writes_paths: writes, hosts },
      names: { programs },
    }
  }
}

/** The grammar of programs: a judge where one is needed, else an entry of a table, else unknown. */
import type { Judge, Program } from '../types.ts'
import { awk } from './awk.ts'
import { builtins } from './builtins.ts'
import { coreutils, type Table } from './coreutils.ts'
import { docker } from './docker.ts'
import { find, xargs } from './find.ts'
import { git, kubectl } from './git.ts'
import { languages } from './languages.ts'
import { machines } from './machines.ts'
import { packages } from './packages.ts'
import { sed } from './sed.ts'
import { special } from './special.ts'
import { system } from './system.ts'
import { tools } from './tools.ts'
import { wrappers } from './wrappers.ts'

/** One entry a name; a key may list several. */
const named = (tables: readonly Table[]): ReadonlyMap<string, Program> =>
  new Map(
    tables.flatMap((t) =>
      Object.entries(t).flatMap(([names, p]) => names.split(' ').map((n) => [n, p] as const)),
    ),
  )

export const listed = named([coreutils, system, packages, tools, languages, machines])
export const judges: ReadonlyMap<string, Judge> = new Map(
  Object.entries({
    ...builtins,
    ...wrappers,
    ...special,
    find,
    xargs,
    sed,
    gsed: sed,
    awk,
    gawk: awk,
    mawk: awk,
    nawk: awk,
    git,
    docker,
    podman: docker,
    nerdctl: docker,
    kubectl,
  }),
)
/** What the shell itself runs, whatever lies on the PATH. */
export const shellOwn: ReadonlySet<string> = new Set([...Object.keys(builtins), 'hash'])
/** Folders whose programs are taken for what their names say. */
export const trusted = /^\/(usr\/(local\/)?)?s?bin\/([^/]+)$/

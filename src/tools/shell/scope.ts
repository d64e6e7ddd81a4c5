/** What the variables of a script can hold, taken over the whole script at once: the union of everything that is ever assigned. */
import type { Command, CommandNode, Word } from 'unbash'
import { refuse } from './findings.ts'
import { any, token } from './wildcard.ts'

export interface Source {
  readonly word?: Word
  readonly values?: readonly string[]
  /** `left | while read x`: one line of what these print. */
  readonly left?: readonly CommandNode[]
  readonly at: number
  /** The assignment happens whenever what follows it happens. */
  readonly sure: boolean
}

/** Assigned or exported by nobody: they decide which code runs, or where it comes from. */
const dangerous =
  /^(PATH|IFS|ENV|BASH_ENV|SHELL|SHELLOPTS|BASHOPTS|BASH_.*|PS[0-9]|PROMPT_COMMAND|CDPATH|FPATH|GLOBIGNORE|EXECIGNORE|HOME|PWD|OLDPWD|TMPDIR|LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|HOSTALIASES|RESOLV_.*|TERMINFO.*|TERMCAP|GIT_.*|SSH_.*|.*PAGER|LESS.*|MORE|EDITOR|VISUAL|.*_EDITOR|BROWSER|PYTHON.*|PERL.*|RUBY.*|GEM_.*|BUNDLE_.*|NODE_.*|npm_.*|NPM_.*|JAVA_.*|JDK_.*|_JAVA_OPTIONS|CLASSPATH|LUA_.*|PHP.*|DOCKER_.*|KUBECONFIG|KUBE.*|AWS_.*|HELM_.*|.*_proxy|.*_PROXY|RSYNC_.*|TAR_OPTIONS|GREP_OPTIONS|GZIP|XZ_.*|ZSTD_.*|OPENSSL_.*|SSL_.*|CURL_.*|WGETRC|INPUTRC|HISTFILE|FCEDIT|MAIL|MAILPATH|MANOPT|MANPATH|RIPGREP_CONFIG_PATH|PG.*|MYSQL_.*|SUDO_.*|XDG_.*|DBUS_.*|SYSTEMD_.*|CC|CXX|MAKEFLAGS|MAKE|POSIXLY_CORRECT|FUNCNEST|TIMEFORMAT|OPTIND|UID|EUID|PPID|IGNOREEOF|COMP_.*|READLINE_.*|_)$/
/** Safe in the environment of a command. */
const harmless =
  /^(LANG|LANGUAGE|LC_[A-Z]+|TZ|COLUMNS|LINES|TERM|NO_COLOR|CLICOLOR(_FORCE)?|FORCE_COLOR|LS_COLORS|GREP_COLORS?|SYSTEMD_COLORS|DEBIAN_FRONTEND|TIME_STYLE|BLOCKSIZE|BLOCK_SIZE|QUOTING_STYLE|GIT_OPTIONAL_LOCKS|GIT_TERMINAL_PROMPT)$/
const quietPager = /^(cat|)$/

/** How an assignment is to be taken: `bad` is refused, `unknown` in a command's environment makes it a write. */
export const variableKind = (
  name: string,
  value: string | undefined,
): 'fine' | 'unknown' | 'bad' => {
  if (harmless.test(name))
    return value !== undefined &&
      /^[\w.:@,=+-][\w.:@,=/+-]*$|^$/.test(value) &&
      !/\.\.|:\//.test(value)
      ? 'fine'
      : 'bad'
  if (/PAGER$/.test(name) && value !== undefined && quietPager.test(value)) return 'fine'
  return dangerous.test(name) ? 'bad' : 'unknown'
}

/** Numbers and short words that the shell itself sets. */
const special =
  /^([0-9?$!#]|[1-9][0-9]+|RANDOM|SECONDS|LINENO|UID|EUID|PPID|HOSTNAME|USER|LOGNAME|OPTIND|EPOCHSECONDS)$/

/** Named like a secret: never shown, wherever it comes from. */
export const secretName =
  /PASSW|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|DATABASE_URL|_DSN$/i
const mostValues = 32

/** How the walk answers for words and for the output of commands. */
export interface Known {
  text(word: Word): readonly string[]
  lines(commands: readonly CommandNode[]): readonly string[] | undefined
}
const valuesOf = (source: Source, known: Known): readonly string[] => {
  if (source.left) return known.lines(source.left) ?? [any]
  return source.values ?? (source.word ? known.text(source.word) : [''])
}

/** Variables of one script. Order and branches are not followed: the union holds whichever way the script goes. */
export class Scope {
  readonly #sources = new Map<string, Source[]>()
  readonly #fed = new Set<Command>()
  readonly #busy = new Set<string>()
  readonly #home: string
  readonly #folders: () => readonly string[]
  #params: readonly string[] | undefined
  /** Some command sets a variable whose name isn't known. */
  #poisoned = false
  constructor(
    home: string,
    folders: () => readonly string[],
    params: readonly string[] | undefined,
  ) {
    this.#home = home
    this.#folders = folders
    this.#params = params
  }

  add(name: string, source: Source): void {
    const list = this.#sources.get(name)
    if (list) list.push(source)
    else this.#sources.set(name, [source])
  }
  poison(): void {
    this.#poisoned = true
  }
  /** `set --`, `shift` and functions change what `$1` is. */
  dropParams(): void {
    this.#params = undefined
  }
  /** Anything is set at all. */
  get sets(): boolean {
    return this.#poisoned || this.#sources.size > 0
  }

  feed(read: Command, name: string, left: readonly CommandNode[]): void {
    this.#fed.add(read)
    this.add(name, { left, at: read.pos, sure: true })
  }
  fed(command: Command): boolean {
    return this.#fed.has(command)
  }

  /** Every value that the variable can have at this place; `known` gives the alternatives of a word. */
  values(name: string, at: number, known: Known): readonly string[] {
    if (this.#poisoned || this.#busy.has(name)) return [any]
    const sources = this.#sources.get(name)
    if (!sources) return this.#unassigned(name)
    this.#busy.add(name)
    try {
      const all = new Set(sources.flatMap((s) => valuesOf(s, known)))
      const sure = sources.some((s) => s.sure && s.at < at)
      if (!sure) for (const v of this.#unassigned(name)) all.add(v)
      return all.has(any) || all.size > mostValues ? [any] : [...all]
    } finally {
      this.#busy.delete(name)
    }
  }

  #unassigned(name: string): readonly string[] {
    if (name === 'HOME') return [this.#home]
    if (name === 'PWD') return this.#folders()
    if (/^[0-9]$/.test(name)) return [this.#params?.[Number(name)] ?? any]
    if (secretName.test(name)) {
      refuse(`The variable ${name} may hold a secret.`, 'Leave it out.')
    }
    return special.test(name) ? [token] : [any]
  }
}

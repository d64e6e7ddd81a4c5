/** What the variables of a script can hold, taken over the whole script at once: the union of everything that is ever assigned. */
import {
  type Assignment,
  type Command,
  type CommandNode,
  forEachChild,
  type SyntaxNode,
  type Word,
} from 'unbash'
import { any, token } from './wildcard.ts'

interface Source {
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
    return value !== undefined && /^[\w.:@,=/+-]*$/.test(value) && !value.includes('..')
      ? 'fine'
      : 'bad'
  if (/PAGER$/.test(name) && value !== undefined && quietPager.test(value)) return 'fine'
  return dangerous.test(name) ? 'bad' : 'unknown'
}

/** Numbers and short words that the shell itself sets. */
const special =
  /^([0-9?$!#]|[1-9][0-9]+|RANDOM|SECONDS|LINENO|UID|EUID|PPID|HOSTNAME|USER|LOGNAME|OPTIND|EPOCHSECONDS)$/

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
  readonly #params: readonly string[] | undefined
  /** Where the script is at, for `$PWD`. */
  cwd: readonly string[]
  constructor(home: string, cwd: readonly string[], params: readonly string[] | undefined) {
    this.#home = home
    this.cwd = cwd
    this.#params = params
  }

  add(name: string, source: Source): void {
    const list = this.#sources.get(name)
    if (list) list.push(source)
    else this.#sources.set(name, [source])
  }

  feed(read: Command, name: string, left: readonly CommandNode[]): void {
    this.#fed.add(read)
    this.add(name, { left, at: read.pos, sure: true })
  }
  fed(command: Command): boolean {
    return this.#fed.has(command)
  }

  /** Every value that the variable can have at this place; `text` gives the alternatives of a word. */
  values(name: string, at: number, known: Known): readonly string[] {
    const sources = this.#sources.get(name)
    if (!sources) return this.#unassigned(name)
    if (this.#busy.has(name)) return [any]
    this.#busy.add(name)
    try {
      const all = new Set(sources.flatMap((s) => valuesOf(s, known)))
      if (!sources.some((s) => s.sure && s.at < at))
        for (const v of this.#unassigned(name)) all.add(v)
      return all.has(any) || all.size > 32 ? [any] : [...all]
    } finally {
      this.#busy.delete(name)
    }
  }

  #unassigned(name: string): readonly string[] {
    if (name === 'HOME') return [this.#home]
    if (name === 'PWD') return this.cwd
    if (/^[0-9]$/.test(name)) {
      const known = this.#params?.[Number(name)]
      return [known ?? any]
    }
    return special.test(name) ? [token] : [any]
  }
}

const isAssignment = (node: SyntaxNode): node is Assignment => node.type === 'Assignment'
/** Commands that fill variables named by their operands. */
const fillers = new Set([
  'read',
  'mapfile',
  'readarray',
  'getopts',
  'printf',
  'local',
  'typeset',
  'declare',
  'unset',
  'let',
  'export',
  'readonly',
  'wait',
])

/** Finds every assignment below `node`. `sure` holds while nothing on the way may be skipped. */
export const collect = (node: SyntaxNode, scope: Scope, sure: boolean): void => {
  switch (node.type) {
    case 'Assignment':
      return
    case 'Command': {
      const standing = node.name === undefined
      const declares =
        node.name !== undefined &&
        ['export', 'readonly', 'local', 'declare', 'typeset'].includes(node.name.value)
      for (const child of [...node.prefix, ...node.suffix]) {
        if (isAssignment(child)) assign(child, scope, sure && (standing || declares))
        collect(child, scope, false)
      }
      if (node.name && fillers.has(node.name.value) && !scope.fed(node))
        fill(node.suffix, scope, declares)
      return
    }
    case 'For':
      for (const word of node.wordlist ?? [])
        scope.add(node.name.value, { word, at: node.pos, sure: true })
      if (!node.wordlist) scope.add(node.name.value, { values: [any], at: node.pos, sure: true })
      break
    case 'Pipeline':
      node.commands.forEach((command, i) => {
        const reader = i > 0 ? readerOf(command) : undefined
        if (reader) scope.feed(reader.read, reader.name, node.commands.slice(0, i))
      })
      break
    case 'ParameterExpansion':
      if (node.operation?.type === 'Default' && node.operation.operator.endsWith('=')) {
        scope.add(node.parameter, { word: node.operation.operand, at: node.pos, sure: false })
      }
      break
    case 'ArithmeticBinary':
      if (/^([-+*/%&|^]|<<|>>)?=$/.test(node.operator) && node.left.type === 'ArithmeticWord') {
        scope.add(node.left.value, { values: [token], at: node.pos, sure: false })
      }
      break
    case 'ArithmeticUnary':
      if (/^(\+\+|--)$/.test(node.operator) && node.operand.type === 'ArithmeticWord') {
        scope.add(node.operand.value, { values: [token], at: node.pos, sure: false })
      }
      break
    default:
  }
  const certain =
    sure &&
    (node.type === 'Script' ||
      node.type === 'Statement' ||
      node.type === 'CompoundList' ||
      node.type === 'BraceGroup' ||
      node.type === 'Redirected')
  forEachChild(node, (child) => collect(child, scope, certain))
}

const assign = (node: Assignment, scope: Scope, sure: boolean): void => {
  const at = node.end
  if (node.append || node.index) scope.add(node.name, { values: [any], at, sure: false })
  else if (node.value.type === 'ArrayValue') {
    for (const word of node.value.elements) scope.add(node.name, { word, at, sure })
  } else scope.add(node.name, { word: node.value, at, sure })
}

/** The one variable that `while read -r x` (or `while IFS= read -r x`) fills from a pipe. */
const readerOf = (command: CommandNode): { read: Command; name: string } | undefined => {
  const loop = command.type === 'Redirected' ? command.command : command
  if (loop.type !== 'While') return undefined
  const first = loop.clause.commands[0]?.command
  if (first?.type !== 'Command' || first.name?.value !== 'read') return undefined
  const words = first.args.filter((a): a is Word => a.type === 'Word' && !a.value.startsWith('-'))
  return words.length === 1 && words[0] ? { read: first, name: words[0].value } : undefined
}

const fill = (suffix: readonly SyntaxNode[], scope: Scope, declares: boolean): void => {
  for (const word of suffix) {
    if (word.type !== 'Word') continue
    if (declares && /^[A-Za-z_]\w*$/.test(word.value))
      scope.add(word.value, { values: [''], at: word.pos, sure: false })
    else if (!declares && /^[A-Za-z_]\w*$/.test(word.value))
      scope.add(word.value, { values: [any], at: word.pos, sure: true })
  }
}

/** Goes through a parsed script and puts every command that it can run to the grammar. */
import {
  type AndOr,
  type Command,
  type CommandNode,
  type Function as FunctionNode,
  forEachChild,
  type Pipeline,
  parse,
  type Redirection,
  type SyntaxNode,
  type Word,
  type WordPart,
} from 'unbash'
import { GateError } from '../../errors.ts'
import type { Effect } from '../../types.ts'
import { checkDialect, plainName } from './dialect.ts'
import type { Findings } from './findings.ts'
import { refuse } from './findings.ts'
import { linesOf, type Stage } from './outputs.ts'
import { absolute } from './paths.ts'
import { judges, listed, shellOwn, trusted } from './programs/index.ts'
import { onlyVersion } from './programs/special.ts'
import { setting } from './programs/wrappers.ts'
import { collect, Scope, variableKind } from './scope.ts'
import { judgeTable } from './table.ts'
import { checkText } from './text.ts'
import type { Arg, Dialect, Port, ShellOptions } from './types.ts'
import { any, isLiteral, token } from './wildcard.ts'
import { cross, expand, type Values, wordTexts } from './words.ts'

const deepest = 12
const longest = 65_536

/** What holds at one place of a script. */
interface Place {
  readonly dialect: Dialect
  readonly scope: Scope
  readonly functions: Set<string>
  /** Inside `$(..)`: whatever changes something there is hidden in a word. */
  readonly hidden: boolean
  readonly top: boolean
  readonly looping: boolean
  readonly lines: readonly string[] | undefined
  readonly piped: boolean
  readonly depth: number
}

export class Walk {
  readonly #record: Findings
  readonly #options: ShellOptions
  readonly #home: string
  /** Every folder that the command may be in by now. */
  #folders: readonly string[]
  constructor(record: Findings, options: ShellOptions) {
    this.#record = record
    this.#options = options
    this.#home = options.home ?? '/~'
    this.#folders = [options.cwd ?? this.#home]
  }

  /** A whole script. Throws SYNTAX_ERROR where it doesn't parse and INPUT_REFUSED where it can't be judged. */
  script(
    text: string,
    dialect: Dialect,
    params: readonly string[] | undefined,
    depth: number,
    hidden = false,
  ): void {
    if (depth > deepest) refuse('Commands are nested too deeply.')
    if (text.length > longest) refuse('The command is too long to be judged.')
    checkText(text)
    const tree = parse(text)
    checkErrors(tree, depth)
    checkDialect(tree, text, dialect, refuse)
    const scope = new Scope(this.#home, this.#folders, params)
    collect(tree, scope, true)
    const place: Place = {
      dialect,
      scope,
      functions: new Set(),
      hidden,
      top: true,
      looping: false,
      lines: undefined,
      piped: false,
      depth,
    }
    for (const statement of tree.commands) this.#visit(statement, place)
  }

  /** A command given as words, with no shell in between. */
  command(args: readonly Arg[], depth: number): void {
    const scope = new Scope(this.#home, this.#folders, undefined)
    this.#run(
      args,
      {
        dialect: 'sh',
        scope,
        functions: new Set(),
        hidden: false,
        top: false,
        looping: false,
        lines: undefined,
        piped: false,
        depth,
      },
      false,
    )
  }

  #visit(node: SyntaxNode, place: Place): void {
    switch (node.type) {
      case 'Statement':
        if (node.background)
          refuse('Commands in the background outlive the call.', 'Leave out the "&".')
        return this.#visit(node.command, place)
      case 'Command':
        return this.#command(node, place)
      case 'Pipeline':
        return this.#pipeline(node, place)
      case 'AndOr':
        return this.#andOr(node, place)
      case 'Function':
        return this.#function(node, place)
      case 'Redirected':
        this.#redirections(node.redirects, place)
        return this.#visit(
          node.command,
          node.redirects.some((r) => r.type !== 'Redirect' || r.operator === '<')
            ? { ...place, lines: undefined, piped: true }
            : place,
        )
      case 'For':
      case 'While':
      case 'ArithmeticFor': {
        const inner = { ...place, top: false, looping: true }
        return forEachChild(node, (child) => this.#visit(child, inner))
      }
      case 'Subshell':
        return this.#apart(() =>
          forEachChild(node, (child) => this.#visit(child, { ...place, top: false })),
        )
      case 'Script':
        return forEachChild(node, (child) => this.#visit(child, place))
      case 'CommandExpansion':
      case 'ProcessSubstitution':
      case 'ArithmeticCommandExpansion':
        return this.#apart(() => {
          for (const statement of node.script?.commands ?? [])
            this.#visit(statement, {
              ...place,
              hidden: true,
              top: false,
              lines: undefined,
              piped: false,
            })
        })
      case 'ArithmeticWord':
        this.#arithmetic(node.value, node.pos, place)
        return forEachChild(node, (child) => this.#visit(child, place))
      case 'ParameterExpansion':
        this.#parameter(node, place)
        return forEachChild(node, (child) => this.#visit(child, place))
      case 'TestUnary':
        if (node.operator === '-v' || node.operator === '-R')
          refuse('[[ -v ]] can run code.', 'Use [ -n "${NAME}" ].')
        return forEachChild(node, (child) => this.#visit(child, place))
      case 'TestBinary':
        if (/^-(eq|ne|lt|le|gt|ge)$/.test(node.operator))
          for (const side of [node.left, node.right]) this.#number(side, place)
        return forEachChild(node, (child) => this.#visit(child, place))
      default:
        return forEachChild(node, (child) =>
          this.#visit(child, { ...place, top: place.top && node.type === 'CompoundList' }),
        )
    }
  }

  /** Runs `inner` in a process of its own: where it goes, nobody follows. */
  #apart(inner: () => void): void {
    const before = this.#folders
    inner()
    this.#folders = before
  }

  #andOr(node: AndOr, place: Place): void {
    const before = this.#folders
    node.commands.forEach((command, i) => {
      const from = this.#folders.length
      this.#visit(command, { ...place, top: false })
      // Behind `cd X &&` nothing runs anywhere but in X.
      const moved = command.type === 'Command' && command.name?.value === 'cd'
      if (moved && node.operators[i] === '&&')
        this.#folders = this.#folders.slice(0, this.#folders.length - from)
    })
    this.#folders = [...new Set([...this.#folders, ...before])]
  }

  #pipeline(node: Pipeline, place: Place): void {
    node.commands.forEach((command, i) => {
      const left = node.commands.slice(0, i)
      const lines = i === 0 ? place.lines : this.#linesOf(left, place)
      const inner = { ...place, top: false, lines, piped: i > 0 || place.piped }
      if (node.commands.length === 1) this.#visit(command, inner)
      else this.#apart(() => this.#visit(command, inner))
    })
  }

  #function(node: FunctionNode, place: Place): void {
    const name = node.name.value
    if (!place.top)
      refuse(
        'Functions are only followed at the top of a command.',
        'Define it before everything else.',
      )
    if (
      listed.has(name) ||
      judges.has(name) ||
      this.#options.programs.has(name) ||
      !/^[A-Za-z_]\w*$/.test(name)
    ) {
      refuse(
        `A function must not take the name of a program (${name.slice(0, 40)}).`,
        'Give it a name of its own.',
      )
    }
    const before = this.#folders
    this.#visit(node.body, { ...place, top: false, looping: true, lines: undefined, piped: true })
    // It may be called from anywhere, any number of times.
    this.#folders = this.#folders === before ? before : [any]
    place.functions.add(name)
  }

  #values(place: Place): Values {
    const values: Values = {
      refuse,
      variable: (name, at) =>
        place.scope.values(name, at, {
          text: (word) => wordTexts(word, values, this.#home),
          lines: (commands) => this.#linesOf(commands, place),
        }),
      substitution: (part) => this.#substitution(part, place),
    }
    return values
  }

  #substitution(part: WordPart, place: Place): readonly string[] {
    const script = part.type === 'CommandExpansion' ? part.script : undefined
    const only = script?.commands.length === 1 ? script.commands[0]?.command : undefined
    if (!only) return [any]
    const lines = this.#linesOf(
      only.type === 'Pipeline' ? only.commands : only.type === 'Command' ? [only] : [],
      place,
    )
    return lines ?? [any]
  }

  #linesOf(commands: readonly CommandNode[], place: Place): readonly string[] | undefined {
    const stages: Stage[] = []
    for (const node of commands) {
      if (
        node.type !== 'Command' ||
        !node.name ||
        node.name.parts ||
        node.redirects.some(
          (r) =>
            r.type !== 'Redirect' ||
            (r.operator !== '>' && r.operator !== '>&') ||
            r.descriptor?.type !== 'FileDescriptor' ||
            r.descriptor.value !== 2,
        )
      )
        return undefined
      const all = this.#arguments(node, place)
      const [words] = all
      if (all.length !== 1 || !words) return undefined
      stages.push({ name: node.name.value.replace(trusted, '$3'), args: words.slice(1) })
    }
    return linesOf(stages, this.#folders)
  }

  /** Every list of words that the command can become. */
  #arguments(node: Command, place: Place): readonly (readonly Arg[])[] {
    const values = this.#values(place)
    let all: readonly (readonly Arg[])[] = [[]]
    for (const word of node.name ? [node.name, ...node.args] : []) {
      const next =
        word.type === 'Word' ? expand(word, values, this.#home) : this.#declared(word, values)
      all = cross(all, next, values)
    }
    return all
  }

  /** `export A=$x`: one word in bash; dash may split it, so that what isn't known is refused. */
  #declared(
    node: Exclude<Command['args'][number], Word>,
    values: Values,
  ): readonly (readonly Arg[])[] {
    if (node.value.type === 'ArrayValue') return [[{ text: `${node.name}=`, many: false }]]
    const index = node.index ? '[' : ''
    return wordTexts(node.value, values, this.#home).map((text) => {
      if (
        /[\s\uE003]/.test(text) &&
        node.value.type === 'Word' &&
        node.value.parts?.some(
          (p) => p.type !== 'DoubleQuoted' && p.type !== 'SingleQuoted' && p.type !== 'Literal',
        )
      ) {
        refuse(
          'A value with blanks in a declaration must be in quotes.',
          `Write ${node.name}="..".`,
        )
      }
      return [{ text: `${node.name}${index}=${text}`, many: false }]
    })
  }

  #command(node: Command, place: Place): void {
    for (const part of [...node.prefix, ...node.suffix])
      forEachChild(part, (child) => this.#visit(child, place))
    if (node.name) forEachChild(node.name, (child) => this.#visit(child, place))
    this.#redirections(node.redirects, place)
    const fed = node.redirects.some(
      (r) =>
        r.type !== 'Redirect' || r.operator === '<' || r.operator === '<>' || r.operator === '<&',
    )
    const empty = node.redirects.some((r) => r.type === 'Redirect' && r.operator === '<' && r.target?.text === '/dev/null')
    const inner = fed ? { ...place, lines: empty ? [''] : undefined, piped: true } : place
    this.#assignments(node, inner)
    if (!node.name) return
    if (
      node.name.parts?.some(
        (p) => p.type !== 'Literal' && p.type !== 'SingleQuoted' && p.type !== 'DoubleQuoted',
      ) ||
      (node.name.parts && !nameOf(node.name))
    ) {
      refuse('Which program runs is only known when it runs.', 'Write the name of the program out.')
    }
    const before: Effect = this.#record.effect
    for (const words of this.#arguments(node, inner)) this.#run(words, inner, true)
    if (!plainName(node) && this.#record.effect !== before) {
      refuse(
        'The name of the program is written so that it is hard to recognise.',
        'Write it without quotes and backslashes.',
      )
    }
  }

  #assignments(node: Command, place: Place): void {
    const values = this.#values(place)
    for (const part of node.prefix) {
      if (part.type !== 'Assignment') continue
      const texts = part.value.type === 'Word' ? wordTexts(part.value, values, this.#home) : [any]
      if (part.name === 'IFS' && node.name?.value === 'read') continue
      if (part.index && !/^([0-9]+|\w+)$/.test(part.index.text))
        refuse('A subscript that is computed can run code.')
      const port = this.#port(place)
      for (const text of texts) {
        if (node.name) setting(part.name, text, port)
        else if (variableKind(part.name, isLiteral(text) ? text : undefined) === 'bad') {
          refuse(`Setting ${part.name} can change which code runs.`, 'Leave the variable out.')
        }
      }
    }
  }

  #redirections(redirects: readonly Redirection[], place: Place): void {
    const values = this.#values(place)
    for (const r of redirects) {
      forEachChild(r, (child) => this.#visit(child, place))
      if (r.type !== 'Redirect' || !r.target) continue
      const joins =
        (r.operator === '>&' || r.operator === '<&') && /^([0-9]+-?|-)$/.test(r.target.value)
      if (joins && !r.target.parts) continue
      for (const text of wordTexts(r.target, values, this.#home)) {
        if (/^\/dev\/(tcp|udp)\//.test(text) || (text.includes(any) && place.dialect === 'bash'))
          refuse(
            'A redirection must not open a network connection, or a file that is only known when it runs.',
          )
        if (!isLiteral(text) && r.operator !== '<')
          refuse('Which file is written is only known when it runs.', 'Write the path out.')
        const port = this.#port(place)
        port.path({ text, many: false }, r.operator === '<' ? 'file' : 'out')
      }
    }
  }

  /** bash evaluates the text of a variable as code where it wants a number. */
  #arithmetic(name: string, at: number, place: Place): void {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      if (/\[/.test(name)) refuse('A subscript that is computed can run code.')
      return
    }
    for (const text of this.#values(place).variable(name, at)) {
      if (!(text === token || /^\s*-?[0-9]*\s*$/.test(text)))
        refuse(
          `${name} may hold something else than a number, which bash would run as code.`,
          'Compute with numbers that are written out.',
        )
    }
  }
  #number(word: Word, place: Place): void {
    for (const text of wordTexts(word, this.#values(place))) {
      if (!(text === token || /^-?[0-9]*$/.test(text)))
        refuse('bash evaluates what stands beside -eq in [[ ]] as code.', 'Use [ .. -eq .. ].')
    }
  }
  #parameter(node: Extract<WordPart, { type: 'ParameterExpansion' }>, place: Place): void {
    if (node.index && !/^([0-9]+|[@*])$/.test(node.index.text))
      refuse('A subscript that is computed can run code.')
    const operation = node.operation
    if (
      operation?.type === 'Default' &&
      operation.operator.endsWith('=') &&
      variableKind(node.parameter, undefined) === 'bad'
    ) {
      refuse(`Setting ${node.parameter} can change which code runs.`, 'Leave the variable out.')
    }
    if (operation?.type === 'Slice') {
      for (const word of [operation.offset, operation.length]) {
        if (word && !/^\s*-?[0-9]+\s*$/.test(word.text))
          refuse('A computed slice can run code.', 'Write the numbers out.')
      }
    }
  }

  #port(place: Place): Port {
    return {
      lines: place.lines,
      piped: place.piped,
      dialect: place.dialect,
      raise: (effect) => {
        if (effect !== 'read' && place.hidden)
          refuse(
            'What changes something must not hide in a substitution.',
            'Make it a command of its own.',
          )
        this.#record.raise(effect)
      },
      refuse,
      path: (arg, kind) => {
        this.#record.path(arg, kind, this.#folders)
        if (kind === 'out' && place.hidden && this.#record.effect !== 'read')
          refuse(
            'What changes something must not hide in a substitution.',
            'Make it a command of its own.',
          )
      },
      host: (arg) => this.#record.host(arg.text),
      folder: (arg) => this.#move(arg, place),
      run: (args, input) => {
        if (place.depth > deepest) refuse('Commands are nested too deeply.')
        this.#apart(() =>
          this.#run(
            args,
            { ...place, depth: place.depth + 1, ...(input ? { lines: input.lines } : {}) },
            false,
          ),
        )
      },
      script: (text, dialect, params) => {
        if (!text || !isLiteral(text.text) || text.many)
          return refuse(
            'The script of a shell must be written out.',
            'Put the values in as arguments behind it.',
          )
        this.#apart(() =>
          this.script(
            text.text,
            dialect,
            (params ?? []).map((p) => (p.many ? any : p.text)),
            place.depth + 1,
            place.hidden,
          ),
        )
      },
      table: (program, args, name) => judgeTable(program, args, name, this.#port(place)),
      listed: (name, args) => {
        const program = listed.get(name)
        if (program) judgeTable(program, args, name, this.#port(place))
        else this.#port(place).raise('write')
      },
    }
  }

  #move(arg: Arg | undefined, place: Place): void {
    const to =
      arg === undefined
        ? [this.#home]
        : arg.text === '-' || !isLiteral(arg.text) || (place.looping && !arg.text.startsWith('/'))
          ? [any]
          : this.#folders.map((f) => absolute(arg.text, f))
    this.#folders = [...to, ...this.#folders].slice(0, 32)
    place.scope.cwd = this.#folders
  }

  /** One command with its words. `inShell`: functions and built-ins are to be had. */
  #run(words: readonly Arg[], place: Place, inShell: boolean): void {
    const [first, ...args] = words
    if (!first) return
    if (!isLiteral(first.text) || first.many || first.text === '')
      return refuse(
        'Which program runs is only known when it runs.',
        'Write the name of the program out.',
      )
    if (inShell && place.functions.has(first.text)) return
    const name = trusted.exec(first.text)?.[3] ?? first.text
    this.#record.programs.add(name.slice(0, 100))
    const port = this.#port(place)
    const own = this.#options.programs.get(name)
    if (own && !(inShell && shellOwn.has(name))) return judgeTable(own, args, name, port)
    const judge = judges.get(name)
    if (
      onlyVersion(args) &&
      (judge || listed.has(name)) &&
      !shellOwn.has(name) &&
      listed.get(name)?.refuse === undefined
    )
      return
    if (judge) return judge(args, port)
    const program = listed.get(name)
    if (program) return judgeTable(program, args, name, port)
    port.raise('write')
    for (const arg of args)
      if (isLiteral(arg.text))
        port.path({ text: arg.text.replace(/^-{1,2}[\w-]+=/, ''), many: false }, 'meta')
  }
}

/** A name out of plain pieces, or undefined when one of them is alive. */
const nameOf = (word: Word): string | undefined => {
  const pieces = word.parts?.map((p) =>
    p.type === 'Literal' || p.type === 'SingleQuoted'
      ? p.value
      : p.type === 'DoubleQuoted' && p.parts.every((q) => q.type === 'Literal')
        ? p.parts.map((q) => (q.type === 'Literal' ? q.value : '')).join('')
        : undefined,
  )
  return pieces?.every((p) => p !== undefined) ? pieces.join('') : undefined
}

const checkErrors = (node: SyntaxNode, depth: number): void => {
  if (node.type === 'Script' && 'errors' in node && node.errors?.[0]) {
    const at = node.errors[0].pos
    throw new GateError(
      'SYNTAX_ERROR',
      `The command does not parse as shell: near character ${at + 1}.`,
      depth === 0 ? { position: at + 1 } : {},
    )
  }
  forEachChild(node, (child) => checkErrors(child, depth + 1))
}

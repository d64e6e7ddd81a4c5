/** Goes through a parsed script and puts every command that it can run to the grammar. */
import {
  type AndOr,
  type Function as FunctionNode,
  forEachChild,
  type ParsedScript,
  type Pipeline,
  parse,
  type SyntaxNode,
} from 'unbash'
import { GateError } from '../../errors.ts'
import { collect, moves } from './collect.ts'
import { fedBy, redirect, visitCommand } from './command.ts'
import { checkDialect } from './dialect.ts'
import { linesAt } from './evaluate.ts'
import { checkArithmetic, checkNumber, checkParameter } from './evaluated.ts'
import { type Findings, refuse } from './findings.ts'
import { judges, listed } from './programs/index.ts'
import { runWords } from './run.ts'
import { Scope } from './scope.ts'
import { Folders, type Place, type ScriptOptions, type State, startOf } from './state.ts'
import { checkText } from './text.ts'
import type { Arg, ShellOptions } from './types.ts'
import { any } from './wildcard.ts'

const deepest = 12
const longest = 65_536

export class Walk implements State {
  readonly findings: Findings
  readonly options: ShellOptions
  readonly home: string
  readonly folders: Folders
  constructor(findings: Findings, options: ShellOptions) {
    this.findings = findings
    this.options = options
    this.home = options.home ?? '/~'
    this.folders = new Folders(options.cwd ?? this.home, this.home)
  }

  /** A whole script. Throws SYNTAX_ERROR where it doesn't parse and INPUT_REFUSED where it can't be judged. */
  script(text: string, { dialect, params, depth, hidden, inside }: ScriptOptions): ParsedScript {
    if (depth > deepest) refuse('Commands are nested too deeply.')
    if (text.length > longest) refuse('The command is too long to be judged.')
    checkText(text)
    const tree = parse(text)
    checkErrors(tree, depth)
    checkDialect(tree, text, dialect, refuse)
    const scope = new Scope(this.home, () => this.folders.all, params)
    collect(tree, scope, true)
    if (inside && scope.sets) {
      refuse('Text that is evaluated must not set variables.', 'Set them outside of it.')
    }
    const place = { ...startOf(dialect, scope, depth), hidden, top: true }
    this.findings.list(tree.commands.length)
    for (const statement of tree.commands) this.visit(statement, place)
    return tree
  }

  /** A command given as words, with no shell in between. */
  words(args: readonly Arg[]): void {
    runWords(
      this,
      startOf('sh', new Scope(this.home, () => this.folders.all, undefined), 0),
      args,
      false,
    )
  }

  visit(node: SyntaxNode, place: Place): void {
    switch (node.type) {
      case 'Statement':
        if (node.background) {
          refuse('Commands in the background outlive the call.', 'Leave out the "&".')
        }
        this.visit(node.command, place)
        break
      case 'Command':
        visitCommand(this, place, node)
        break
      case 'Pipeline':
        this.#pipeline(node, place)
        break
      case 'AndOr':
        this.#andOr(node, place)
        break
      case 'Function':
        this.#function(node, place)
        break
      case 'Redirected':
        redirect(this, place, node.redirects)
        this.visit(node.command, fedBy(node.redirects, place))
        break
      case 'For':
      case 'While':
      case 'ArithmeticFor':
        // The second time round it may start somewhere else.
        if (moves(node)) this.folders.also([any])
        this.#children(node, { ...place, top: false, looping: true })
        break
      case 'BraceGroup':
        this.findings.list(node.body.commands.length)
        this.#children(node, { ...place, top: false })
        break
      case 'Subshell':
        this.findings.list(node.body.commands.length)
        this.folders.apart(() => this.#children(node, { ...place, top: false }))
        break
      case 'CommandExpansion':
      case 'ProcessSubstitution':
      case 'ArithmeticCommandExpansion': {
        const inner = { ...place, hidden: true, top: false, lines: undefined, piped: false }
        this.findings.list(node.script?.commands.length ?? 0)
        this.folders.apart(() => {
          for (const statement of node.script?.commands ?? []) this.visit(statement, inner)
        })
        break
      }
      case 'Script':
      case 'CompoundList':
        this.#children(node, place)
        break
      default:
        this.#check(node, place)
        this.#children(node, { ...place, top: false })
    }
  }

  #children(node: SyntaxNode, place: Place): void {
    forEachChild(node, (child) => this.visit(child, place))
  }

  /** Parts of words and tests that do more than they show. */
  #check(node: SyntaxNode, place: Place): void {
    if (node.type === 'ArithmeticWord') checkArithmetic(this, place, node.value, node.pos)
    if (node.type === 'ParameterExpansion') checkParameter(node)
    if (node.type === 'TestUnary' && /^-[vR]$/.test(node.operator)) {
      refuse(`[[ ${node.operator} ]] can run code.`, 'Use [ -n "$NAME" ].')
    }
    if (node.type === 'TestBinary' && /^-(eq|ne|lt|le|gt|ge)$/.test(node.operator)) {
      for (const side of [node.left, node.right]) checkNumber(this, place, side)
    }
  }

  #andOr(node: AndOr, place: Place): void {
    const before = this.folders.all
    node.commands.forEach((command, i) => {
      this.visit(command, { ...place, top: false })
      const moved = command.type === 'Command' && command.name?.text === 'cd'
      if (moved && node.operators[i] === '&&') this.folders.succeeded()
    })
    this.folders.also(before)
  }

  #pipeline(node: Pipeline, place: Place): void {
    node.commands.forEach((command, i) => {
      const known = i === 0 || node.operators[i - 1] === '|'
      const fed = i === 0 ? place.lines : linesAt(this, place, node.commands.slice(0, i))
      const lines = known ? fed : undefined
      const inner = { ...place, top: false, lines, piped: i > 0 || place.piped }
      if (node.commands.length === 1) this.visit(command, inner)
      else this.folders.apart(() => this.visit(command, inner))
    })
  }

  #function(node: FunctionNode, place: Place): void {
    const name = node.name.value
    if (!place.top) {
      refuse(
        'Functions are only followed at the top of a command.',
        'Define it before everything else.',
      )
    }
    const taken = listed.has(name) || judges.has(name) || this.options.programs.has(name)
    if (taken || !/^[A-Za-z_]\w*$/.test(name)) {
      refuse(
        `A function must not take the name of a program (${name.slice(0, 40)}).`,
        'Give it a name of its own.',
      )
    }
    // It may be called from anywhere, any number of times.
    this.folders.also([any])
    const inner = { ...place, top: false, looping: true, lines: undefined, piped: true }
    this.visit(node.body, inner)
    place.functions.add(name)
  }
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

/** Finds everything that a script may assign to its variables, before anything of it is judged. */
import {
  type Assignment,
  type Command,
  type CommandNode,
  forEachChild,
  type SyntaxNode,
  type Word,
} from 'unbash'
import type { Scope } from './scope.ts'
import { any, token } from './wildcard.ts'

const declaring: ReadonlySet<string> = new Set([
  'export',
  'readonly',
  'local',
  'declare',
  'typeset',
])
/** They fill variables that are named by their operands. */
const filling: ReadonlySet<string> = new Set(['read', 'getopts', 'printf', 'unset', 'wait'])
const plain = /^[A-Za-z_]\w*$/
/** Nothing between them and the whole script may be skipped. */
const certain: ReadonlySet<SyntaxNode['type']> = new Set([
  'Script',
  'Statement',
  'CompoundList',
  'BraceGroup',
  'Redirected',
])

/** `sure` holds while nothing on the way may be skipped. */
export const collect = (node: SyntaxNode, scope: Scope, sure: boolean): void => {
  switch (node.type) {
    case 'Command':
      command(node, scope, sure)
      break
    case 'For': {
      const at = node.pos
      for (const word of node.wordlist ?? []) scope.add(node.name.value, { word, at, sure: true })
      if (!node.wordlist) scope.add(node.name.value, { values: [any], at, sure: true })
      break
    }
    case 'ArithmeticFor':
      // What its first part sets is set before anything else of it.
      if (node.initialize?.type === 'ArithmeticBinary' && node.initialize.operator === '=')
        counted(node.initialize.left, scope, true)
      break
    case 'Function':
      scope.dropParams()
      break
    case 'Pipeline':
      node.commands.forEach((reading, i) => {
        if (i === 0 || node.operators.slice(0, i).includes('|&')) return
        const reader = readerOf(reading)
        if (reader) scope.feed(reader.read, reader.name, node.commands.slice(0, i))
      })
      break
    case 'ParameterExpansion':
      if (node.operation?.type === 'Default' && node.operation.operator.endsWith('=')) {
        scope.add(node.parameter, { word: node.operation.operand, at: node.pos, sure: false })
      }
      break
    case 'ArithmeticBinary':
      if (/^([-+*/%&|^]|<<|>>)?=$/.test(node.operator)) counted(node.left, scope)
      break
    case 'ArithmeticUnary':
      if (/^(\+\+|--)$/.test(node.operator)) counted(node.operand, scope)
      break
    default:
  }
  const inner = sure && certain.has(node.type)
  forEachChild(node, (child) => collect(child, scope, inner))
}

const counted = (node: SyntaxNode, scope: Scope, sure = false): void => {
  if (node.type === 'ArithmeticWord') {
    scope.add(node.value, { values: [token], at: node.pos - (sure ? 1 : 0), sure })
  }
}

const command = (node: Command, scope: Scope, sure: boolean): void => {
  const words = [node.name, ...node.args].filter((w) => w?.type === 'Word')
  // `command read x` and `builtin export x=1` do the same.
  const from = words.findIndex((w) => w && !/^(command|builtin|-p|--)$/.test(w.value))
  const name = words[from]?.value ?? ''
  const declares = declaring.has(name)
  for (const part of [...node.prefix, ...node.suffix]) {
    if (part.type === 'Assignment') assign(part, scope, sure && (!node.name || declares))
  }
  if (/^(set|shift|eval)$/.test(name)) scope.dropParams()
  if (scope.fed(node) || !(declares || filling.has(name))) return
  const operands = words.slice(from + 1).filter((w) => w !== undefined)
  if (name === 'printf' && operands[0]?.value.startsWith('-v') !== true) return
  if (name === 'read') scope.add('REPLY', { values: [any], at: node.pos, sure: false })
  for (const word of operands) fill(word, scope, declares)
}

const fill = (word: Word, scope: Scope, declares: boolean): void => {
  // A name that is put together may be any.
  if (word.parts?.some((p) => p.type !== 'Literal' && p.type !== 'SingleQuoted')) scope.poison()
  const [name = '', value] = word.value.split('=', 2)
  if (!plain.test(name)) return
  if (declares && value === undefined) scope.add(name, { values: [''], at: word.pos, sure: false })
  else scope.add(name, { values: [any], at: word.pos, sure: true })
}

const assign = (node: Assignment, scope: Scope, sure: boolean): void => {
  const at = node.end
  if (node.append || node.index) scope.add(node.name, { values: [any], at, sure: false })
  else if (node.value.type === 'ArrayValue') {
    for (const word of node.value.elements) scope.add(node.name, { word, at, sure })
  } else scope.add(node.name, { word: node.value, at, sure })
}

/** The one variable that `while read -r x` (or `while IFS= read -r x`) fills from a pipe. */
const readerOf = (node: CommandNode): { read: Command; name: string } | undefined => {
  if (node.type !== 'While') return undefined
  const read = node.clause.commands[0]?.command
  if (read?.type !== 'Command' || read.name?.value !== 'read' || read.redirects.length > 0) {
    return undefined
  }
  const words = read.args.filter((a) => a.type === 'Word').filter((w) => w.value !== '-r')
  const [name] = words[0]?.value === '-d' && words[1]?.value === '' ? words.slice(2) : words
  const only = words.length === 1 || (words.length === 3 && words[0]?.value === '-d')
  return name && only && plain.test(name.value) ? { read, name: name.value } : undefined
}

/** Commands after which it may be in another folder. */
const moving = /^(cd|pushd|popd|eval|command|builtin|trap)$/
/** Whether running this changes the folder of what runs after it. */
export const moves = (node: SyntaxNode): boolean => {
  if (node.type === 'Subshell' || node.type === 'CommandExpansion') return false
  if (node.type === 'Command' && moving.test(node.name?.value ?? '')) return true
  let found = false
  forEachChild(node, (child) => {
    found ||= moves(child)
  })
  return found
}

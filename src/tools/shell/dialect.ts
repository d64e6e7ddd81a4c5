/** What only bash reads that way: refused where `/bin/sh` runs, which may be dash, busybox, or bash in its POSIX mode. */
import { type Command, forEachChild, type SyntaxNode, type WordPart } from 'unbash'

type Refuse = (message: string, hint?: string) => never

const expansion = (node: Extract<WordPart, { type: 'ParameterExpansion' }>): string | undefined => {
  if (node.index) return 'arrays'
  if (node.prefix === '!') return 'indirect expansion'
  const kind = node.operation?.type
  return kind === undefined || kind === 'Default' || kind === 'Remove'
    ? undefined
    : 'this kind of expansion'
}
const redirection = (node: SyntaxNode): string | undefined => {
  if (node.type === 'HereString') return '<<<'
  if (node.type === 'FileDescriptorVariable') return '{name}>'
  if (node.type !== 'Redirect') return undefined
  if (node.operator === '&>' || node.operator === '&>>') return node.operator
  if (
    (node.operator === '>&' || node.operator === '<&') &&
    !/^([0-9]|-)$/.test(node.target?.text ?? '')
  )
    return `${node.operator}file`
  return undefined
}

/** The name of a construct that `sh` does not have, or undefined. */
const bashOnly = (node: SyntaxNode, source: string): string | undefined => {
  switch (node.type) {
    case 'TestCommand':
      return '[[ ]]'
    case 'ArithmeticCommand':
    case 'ArithmeticFor':
      return '(( ))'
    case 'Select':
      return 'select'
    case 'Coproc':
      return 'coproc'
    case 'Function':
      return /^\s*function\b/.test(source.slice(node.pos, node.pos + 20)) ? 'function' : undefined
    case 'Pipeline':
      if (
        node.prefixes.some((p) => p.type === 'Time') &&
        node.commands.some((c) => c.type !== 'Command' || c.prefix.length > 0 || !c.name)
      )
        return 'time before this'
      return node.operators.includes('|&') ? '|&' : undefined
    case 'CaseItem':
      return node.terminator === ';&' || node.terminator === ';;&' ? node.terminator : undefined
    case 'Assignment':
      return node.append ? '+=' : node.index ? 'arrays' : undefined
    case 'ArrayValue':
      return 'arrays'
    case 'ProcessSubstitution':
      return '<( )'
    case 'CommandExpansion': {
      const only = node.script?.commands[0]?.command
      return only?.type === 'Command' && !only.name && only.redirects.length > 0
        ? '$(<file)'
        : undefined
    }
    case 'AnsiCQuoted':
      return "$'..'"
    case 'LocaleString':
      return '$".."'
    case 'BraceExpansion':
      return '{a,b}'
    case 'ExtendedGlob':
      return 'extended globs'
    case 'ParameterExpansion':
      return expansion(node)
    case 'Word':
      return /^~[+-]/.test(node.text) ? '~+' : undefined
    default:
      return redirection(node)
  }
}

/** Refuses what no dialect here takes: it hides what runs, or shells differ on it. */
const nowhere = (node: SyntaxNode, source: string): string | undefined => {
  switch (node.type) {
    case 'ArithmeticExpansion':
      return source.startsWith('$[', node.pos) || node.text.startsWith('$[') ? '$[ ]' : undefined
    case 'ArithmeticUnary':
    case 'Word':
      return undefined
    case 'ExtendedGlob':
      return 'extended globs'
    case 'Coproc':
      return 'coproc'
    case 'Select':
      return 'select'
    case 'FileDescriptorVariable':
      return '{name}>'
    case 'LocaleString':
      return '$".."'
    default:
      return undefined
  }
}

/** Walks the whole tree, nested scripts too. Refuses here-documents that never end. */
export const checkDialect = (
  node: SyntaxNode,
  source: string,
  dialect: 'sh' | 'bash',
  refuse: Refuse,
): void => {
  const never = nowhere(node, source)
  if (never !== undefined)
    refuse(`${never} is not allowed in a command.`, 'Write it in plain POSIX sh.')
  const only = dialect === 'sh' ? bashOnly(node, source) : undefined
  if (only !== undefined)
    refuse(
      `${only} means something else to sh, which runs this command.`,
      'Write it in plain POSIX sh.',
    )
  if (node.type === 'HereDoc' && !node.closing) refuse('A here-document does not end.')
  const inner = node.type === 'Script' && node.source !== undefined ? node.source : source
  forEachChild(node, (child) => checkDialect(child, inner, dialect, refuse))
}

/** The name of a command as it was written, when it was written without tricks. */
export const plainName = (command: Command): boolean =>
  command.name !== undefined && command.name.text === command.name.value && !command.name.parts

/** Another parser on the same text: tree-sitter's grammar for the names of commands. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { forEachChild, parse as parseShell, type SyntaxNode } from 'unbash'
import { beforeAll, describe, expect, test } from 'vitest'
import { Language, type Node, Parser } from 'web-tree-sitter'
import { admin, writes } from './attacks.ts'
import { everyday } from './everyday.ts'

const require = createRequire(import.meta.url)
let other: Parser
beforeAll(async () => {
  await Parser.init()
  other = new Parser()
  other.setLanguage(
    await Language.load(readFileSync(require.resolve('tree-sitter-bash/tree-sitter-bash.wasm'))),
  )
})

const ours = (text: string): string[] => {
  const names: string[] = []
  const walk = (node: SyntaxNode): void => {
    if (node.type === 'Command' && node.name) names.push(node.name.text)
    forEachChild(node, walk)
  }
  walk(parseShell(text))
  return names.sort()
}
const theirs = (text: string): string[] => {
  const names: string[] = []
  const walk = (node: Node): void => {
    if (node.type === 'command_name') names.push(node.text)
    // Its grammar has nodes of their own for these.
    if (node.type === 'test_command' && node.text.startsWith('[') && !node.text.startsWith('[['))
      names.push('[')
    if (node.type === 'declaration_command' || node.type === 'unset_command')
      names.push(node.text.split(/\s/)[0] ?? '')
    for (const child of node.children) if (child) walk(child)
  }
  const tree = other.parse(text)
  if (tree) walk(tree.rootNode)
  return names.sort()
}

// The shells' own opinion is in shells.test.ts. tree-sitter takes `time` for a program; it is a keyword of bash.
const all = [...everyday, ...writes, ...admin].filter((text) => !text.startsWith('time '))
describe('both parsers find the same commands', () => {
  test.each(all)('%s', (text) => expect(theirs(text)).toEqual(ours(text)))
})

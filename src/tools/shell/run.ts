/** One command with its words, put to the grammar. */
import { refuse } from './findings.ts'
import { judges, listed, shellOwn, trusted } from './programs/index.ts'
import { onlyVersion } from './programs/special.ts'
import { type Place, type State, unknownProgram } from './state.ts'
import { judgeTable } from './table.ts'
import type { Arg, Port } from './types.ts'
import { any, isLiteral } from './wildcard.ts'

const deepest = 12
const hiddenChange = (): never =>
  refuse('What changes something must not hide in a substitution.', 'Make it a command of its own.')

/** How judges tell what they find at this place. */
export const portAt = (state: State, place: Place): Port => {
  const { findings, folders } = state
  const port: Port = {
    lines: place.lines,
    piped: place.piped,
    dialect: place.dialect,
    raise: (effect) => {
      if (effect !== 'read' && place.hidden) hiddenChange()
      findings.raise(effect)
    },
    refuse,
    path: (arg, kind) => {
      if (findings.path(arg, kind, folders.all) && place.hidden) hiddenChange()
    },
    host: (arg) => findings.host(arg.text),
    folder: (arg) => folders.move(arg, place.looping),
    run: (args) => {
      if (place.depth > deepest) refuse('Commands are nested too deeply.')
      runWords(state, { ...place, depth: place.depth + 1 }, args, false)
    },
    script: (text, dialect, params) => {
      if (!text || !isLiteral(text.text) || text.many) {
        return refuse(
          'The script of a shell must be written out.',
          'Put the values in as arguments behind it.',
        )
      }
      state.script(text.text, {
        dialect,
        params: params?.map((p) => (p.many ? any : p.text)),
        depth: place.depth + 1,
        hidden: place.hidden,
        inside: params === undefined,
      })
    },
    table: (program, args, name) => judgeTable(program, args, name, port),
    listed: (name, args) => {
      const program = listed.get(name)
      if (program) judgeTable(program, args, name, port)
      else port.raise('write')
    },
  }
  return port
}

/** `inShell`: functions and built-ins of the shell are to be had. */
export const runWords = (
  state: State,
  place: Place,
  words: readonly Arg[],
  inShell: boolean,
): void => {
  const [first, ...args] = words
  if (!first) return
  if (!isLiteral(first.text) || first.many || first.text === '') unknownProgram()
  if (inShell && place.functions.has(first.text)) return
  const name = trusted.exec(first.text)?.[3] ?? first.text
  state.findings.programs.add(name.slice(0, 100))
  judgeProgram(state, portAt(state, place), name, args, inShell && shellOwn.has(name))
}

const judgeProgram = (
  state: State,
  port: Port,
  name: string,
  args: readonly Arg[],
  builtIn: boolean,
): void => {
  const own = state.options.programs.get(name)
  const program = listed.get(name)
  const judge = judges.get(name)
  if (own && !builtIn) judgeTable(own, args, name, port)
  else if (onlyVersion(args) && tellsVersion(name, args[0]?.text)) return
  else if (judge) judge(args, port)
  else if (program) judgeTable(program, args, name, port)
  else judgeUnknown(args, port)
}

const tellsVersion = (name: string, option: string | undefined): boolean =>
  (judges.has(name) || listed.has(name)) &&
  !shellOwn.has(name) &&
  // Of what is refused, the short option may mean anything.
  (listed.get(name)?.refuse === undefined || option !== '-V' || name === 'ssh')

/** Never a read, and not on what nobody reads or writes. */
const judgeUnknown = (args: readonly Arg[], port: Port): void => {
  port.raise('write')
  for (const { text, many } of args) {
    if (isLiteral(text)) port.path({ text: text.replace(/^-{1,2}[\w-]+=/, ''), many }, 'meta')
  }
}

/** awk: its program is read token by token, since it can run commands, open files and write them. */
import type { Arg, Judge, Port } from '../types.ts'
import { isLiteral } from '../wildcard.ts'

interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'regex' | 'op' | 'end'
  readonly text: string
}
const operand = (t: Token | undefined): boolean =>
  t !== undefined &&
  (t.kind === 'number' ||
    t.kind === 'string' ||
    (t.kind === 'word' &&
      !/^(return|print|printf|in|getline|case|else|do|delete|exit)$/.test(t.text)) ||
    (t.kind === 'op' && /^[)\]$]$/.test(t.text)))

/** Tokens, and whether a `/` could be read in two ways (after a closing parenthesis). */
export const awkTokens = (s: string): { tokens: readonly Token[]; unsure: boolean } => {
  const tokens: Token[] = []
  let unsure = false
  const at = (re: RegExp, i: number): string | undefined => {
    re.lastIndex = i
    return re.exec(s)?.[0]
  }
  for (let i = 0; i < s.length; ) {
    const c = s[i] ?? ''
    const last = tokens.at(-1)
    if (c === '"') {
      const text = at(/"(?:\\[\s\S]|[^"\\])*"/y, i)
      if (text === undefined) return { tokens, unsure: true }
      tokens.push({ kind: 'string', text: text.slice(1, -1) })
      i += text.length
    } else if (c === '#') i += at(/[^\n]*/y, i)?.length ?? 1
    else if (c === '\n' || c === ';' || c === '{' || c === '}') {
      tokens.push({ kind: 'end', text: c })
      i += 1
    } else if (/\s/.test(c)) i += 1
    else if (c === '\\' && s[i + 1] === '\n') i += 2
    else if (c === '/' && !operand(last)) {
      const text = at(/\/(?:\\.|\[\^?\]?[^\]\n]*\]|[^/\\\n[])*\//y, i)
      if (text === undefined) return { tokens, unsure: true }
      // GNU awk and others differ on a slash inside brackets.
      if (/\[[^\]]*\//.test(text)) unsure = true
      tokens.push({ kind: 'regex', text })
      i += text.length
    } else if (/[A-Za-z_]/.test(c)) {
      const text = at(/\w+/y, i) ?? c
      tokens.push({ kind: 'word', text })
      i += text.length
    } else if (/[0-9.]/.test(c)) {
      const text = at(/[0-9.]+(?:[eE][-+]?[0-9]+)?/y, i) || c
      tokens.push({ kind: 'number', text })
      i += text.length
    } else {
      const text = at(/\|\||\|&|>>|>=|<=|==|!=|&&|\+\+|--|!~|\*\*|[-+*/%^]=/y, i) ?? c
      if (text.startsWith('/') && last?.kind === 'op') unsure = true
      tokens.push({ kind: 'op', text })
      i += text.length
    }
  }
  return { tokens, unsure }
}

const harmlessSink = /^\/dev\/(stdout|stderr|null)$/
/** Commands that may stand behind `print |`. */
const harmlessPipe =
  /^(sort|uniq|head|tail|cat|tac|wc|column|rev)( -[rnufbgVhdcliwtm0-9]+| -k ?[0-9.,nr]+| -n ?[0-9]+| -t ?[,:;])*$/

const judgeProgram = (source: string, port: Port): void => {
  if (!isLiteral(source)) {
    port.refuse(
      'Part of the awk program is not known before it runs.',
      'Write the program in single quotes and hand values over with -v.',
    )
  }
  const { tokens, unsure } = awkTokens(source)
  if (unsure && /\b(system|getline|ENVIRON|PROCINFO|ARGV|ARGC)\b|[|>@]|\/inet/.test(source)) {
    port.refuse(
      'This awk program can be read in two ways.',
      'Put spaces around divisions, and keep regular expressions simple.',
    )
  }
  if (
    tokens.some((t) => t.text === 'getline' && t.kind === 'word') &&
    tokens.some((t) => t.text === '<')
  ) {
    port.refuse(
      'The awk program may open further files (getline <).',
      'Name the files as arguments.',
    )
  }
  let printing = false
  let depth = 0
  tokens.forEach((token, i) => {
    const next = tokens[i + 1]
    if (token.kind === 'end') {
      printing = false
      depth = 0
    } else if (token.kind === 'word')
      word(token.text, port, () => {
        printing = true
        depth = 0
      })
    else if (token.kind === 'op') {
      if (/^[([]$/.test(token.text)) depth += 1
      else if (/^[)\]]$/.test(token.text)) depth -= 1
      else if (token.text === '@' || token.text === '|&')
        port.refuse('The awk program calls what is not in it (@ or |&).')
      else if (token.text === '|') pipe(printing && depth === 0, next, tokens[i + 2], port)
      else if (printing && depth === 0 && /^>>?$/.test(token.text)) sink(next, tokens[i + 2], port)
    } else if (token.kind === 'string' && /^\/inet/.test(token.text))
      port.refuse('The awk program opens a network connection.')
  })
}
const word = (text: string, port: Port, print: () => void): void => {
  if (text === 'print' || text === 'printf') print()
  if (text === 'system')
    port.refuse('The awk program runs commands (system).', 'Leave out system().')
  if (/^ARG[VCI]/.test(text)) {
    port.refuse('The awk program may open further files (ARGV).', 'Name the files as arguments.')
  }
  if (text === 'ENVIRON' || text === 'PROCINFO')
    port.refuse(`The awk program reads ${text}, which can hold secrets.`)
}
const ends = (t: Token | undefined): boolean => t === undefined || t.kind === 'end'
const pipe = (
  printing: boolean,
  next: Token | undefined,
  after: Token | undefined,
  port: Port,
): void => {
  if (printing && next?.kind === 'string' && ends(after) && harmlessPipe.test(next.text)) return
  port.refuse(
    'The awk program runs commands through a pipe.',
    'Pipe the output of awk itself, as in awk .. | sort.',
  )
}
const sink = (next: Token | undefined, after: Token | undefined, port: Port): void => {
  if (next?.kind === 'string' && ends(after)) {
    if (!harmlessSink.test(next.text)) port.path({ text: next.text, many: false }, 'out')
    return
  }
  port.refuse(
    'The awk program writes to a file whose name is only known when it runs.',
    'Use a name in quotes, and put comparisons in parentheses.',
  )
}

/** POSIX options, and GNU awk's that change nothing; the first operand is the program unless -f gave one. */
export const awk: Judge = (args, port) => {
  let program = false
  let i = 0
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (t === '--') {
      i += 1
      break
    }
    if (!t.startsWith('-') || t === '-') break
    if (t === '-F' || t === '-v') i += 1
    else if (/^-[fE]/.test(t)) {
      program = true
      port.path(
        { text: t.length > 2 ? t.slice(2) : (args[i + 1]?.text ?? ''), many: false },
        'file',
      )
      port.raise('write')
      if (t.length === 2) i += 1
    } else if (
      !/^(-F[\s\S]+|-v[\s\S]+|--csv|-n|-P|-r|-b|-c|-S|--posix|--re-interval|--sandbox|--field-separator=[\s\S]*|--assign=[\s\S]*|--version|-V|-W version)$/.test(
        t,
      )
    ) {
      port.refuse(
        `The option ${t.slice(0, 20)} of awk is not known here, or runs and writes other things.`,
      )
    }
  }
  const rest: readonly Arg[] = args.slice(i)
  const files = program ? rest : rest.slice(1)
  if (!program && rest[0]) judgeProgram(rest[0].text, port)
  for (const file of files) if (!/^[A-Za-z_]\w*=/.test(file.text)) port.path(file, 'file')
}

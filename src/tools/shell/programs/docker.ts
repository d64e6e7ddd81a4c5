/** docker: `exec` is followed into the container, and `inspect` needs its fields named. */
import type { Arg, Judge } from '../types.ts'
import { isLiteral } from '../wildcard.ts'

const field = String.raw`(?:\.[A-Z]\w*|\$[a-z]\w*)(?:\.[A-Z]\w*)*`
const simple = new RegExp(`^(?:json |len |join )?(${field})(?: "[^"]*")?$`, 'i')
const indexed = new RegExp(`^(?:json )?index (${field}) (?:"[^"]*"|[0-9]+)$`, 'i')
const block = new RegExp(
  `^(?:range|with) (?:\\$[a-z]\\w*(?:, ?\\$[a-z]\\w*)? ?:= ?)?(${field})$`,
  'i',
)
const safeField = (path: string): boolean =>
  !/env/i.test(path) && !/config$/i.test(path.replace(/\.HostConfig$/, ''))

/** A template of fields by their names, none of them with the environment in it. */
const namesFields = (format: string): boolean => {
  const actions = format.match(/\{\{[\s\S]*?\}\}/g) ?? []
  if (actions.length === 0 || format.replaceAll(/\{\{[\s\S]*?\}\}/g, '').includes('{{'))
    return false
  // `if` and `else` are left out: in them the dot may still be the whole.
  let depth = 0
  return actions.every((action) => {
    const text = action
      .slice(2, -2)
      .replace(/^-\s|\s-$/g, '')
      .trim()
    if (/^("[^"]*"|`[^`]*`)$/.test(text)) return true
    if (text === 'end') {
      depth -= 1
      return depth >= 0
    }
    const opened = block.exec(text)
    if (opened) depth += 1
    if (text === '.' || text === 'json .') return depth > 0
    const path = opened?.[1] ?? simple.exec(text)?.[1] ?? indexed.exec(text)?.[1]
    return path !== undefined && safeField(path)
  })
}

/** The one template; undefined where there is none, or several, of which the last would count. */
const formatOf = (words: readonly Arg[]): string | undefined => {
  const found = words.flatMap((a, i) => {
    const value = /^(?:-f|--format)(?:=([\s\S]*))?$/.exec(a.text)
    if (value) return [value[1] ?? words[i + 1]?.text ?? '']
    // An attached value is refused: it is not a template that was looked at.
    return /^(-[a-zA-Z]*f|--format)/.test(a.text) ? ['', ''] : []
  })
  return found.length === 1 ? found[0] : undefined
}

/** `docker exec` is followed into the container; `inspect` needs its fields named. */
export const docker: Judge = (args, port) => {
  const words = args[0]?.text === 'container' || args[0]?.text === 'compose' ? args.slice(1) : args
  const verb = words[0]?.text ?? ''
  if (args[0]?.text === 'compose' && words.some((a) => /:\/\/|\.git$/.test(a.text)))
    port.refuse('A project from another machine is not looked at.', 'Name a file.')
  if (
    verb === 'inspect' ||
    (/^(container|image)$/.test(args[0]?.text ?? '') && words[0]?.text === 'inspect')
  ) {
    const format = formatOf(words)
    if (format !== undefined && isLiteral(format) && namesFields(format)) return
  }
  // `docker top` hands options to ps, which shows environments too.
  if (verb === 'top' && words.slice(2).some((a) => /^[a-zA-Z]*e|env/i.test(a.text))) {
    port.refuse('The environment of processes may hold secrets.', 'Use "docker top NAME".')
  }
  if (verb !== 'exec') return port.listed('docker', args)
  let i = 1
  for (; i < words.length; i += 1) {
    const t = words[i]?.text ?? ''
    if (!t.startsWith('-')) break
    if (/^(-u|--user|--index)$/.test(t)) i += 1
    else if (!/^(-[it]+|-T|--interactive|--tty|--no-TTY|--user=.*)$/.test(t))
      port.refuse('This option of docker exec is not allowed.', 'Write whole paths.')
  }
  const [container, ...inner] = words.slice(i)
  if (!container || inner.length === 0) return port.refuse('docker exec needs a command.')
  if (!isLiteral(container.text)) port.raise('write')
  port.run(inner)
}

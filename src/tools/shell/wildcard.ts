/** Text that is only partly known, as strings with private-use characters for the unknown parts, and whether two such texts can meet. */

/** A glob's `*`: any run without `/`. */
export const star = '\uE000'
/** A glob's `?` or `[..]`: one character that is not `/`. */
export const one = '\uE001'
/** A number, a date, an id: letters, digits, `._:+@-`; not empty, no leading `-` or `.`. */
export const token = '\uE002'
/** Anything at all, also nothing, `/`, `..` or an option. */
export const any = '\uE003'
/** Nothing, or `/` and anything below, without `..`. */
export const below = '\uE004'

const wild = /[\uE000-\uE004]/
const run = (c: string | undefined): boolean =>
  c === star || c === token || c === any || c === below
const crosses = (c: string): boolean => c === any || c === below

export const isLiteral = (text: string): boolean => !wild.test(text)
/** May turn out to begin with a dash: an option that nobody judged. */
export const mayBeOption = (text: string): boolean =>
  text.startsWith(any) || text.startsWith(star) || text.startsWith(one)

/** A glob of the configuration as wildcard text: `**` crosses folders, `*` and `?` don't. */
export const fromGlob = (glob: string): string =>
  glob.replace(/\*\*|\*|\?/g, (m) => (m === '**' ? any : m === '*' ? star : one))

/** As people see it: facts and approvers get `*`, `**` and `<unknown>`. */
export const show = (text: string): string =>
  text.replace(/[\uE000-\uE004]/g, (c) =>
    c === any ? '<unknown>' : c === below ? '/**' : c === one ? '?' : c === token ? '<word>' : '*',
  )

/** A pattern's own `/` may be matched by nothing but a `/` or a run that crosses folders. */
const meets = (x: string, y: string): boolean => {
  if (x === y) return true
  if (x === one) return y !== '/' && !run(y)
  if (y === one) return x !== '/' && !run(x)
  return false
}
const tokenChar = /[A-Za-z0-9._:+@-]/

/** A run `r` may swallow the single character `c`; a shell's glob never takes the dot that hides a file. */
const swallows = (r: string, c: string, before: string | undefined, hidden: boolean): boolean => {
  if (crosses(r)) return true
  if (c === '/') return false
  if (hidden && c === '.' && (before === undefined || before === '/')) return false
  return r !== token || c === one || tokenChar.test(c)
}

/** Whether some one text fits both. `a` is what a shell will expand, `b` a pattern of ours. */
export const canMeet = (a: string, b: string): boolean => {
  const width = b.length + 1
  const seen = new Uint8Array((a.length + 1) * width)
  const stack: number[] = [0]
  while (stack.length > 0) {
    const at = stack.pop() ?? 0
    if (seen[at] === 1) continue
    seen[at] = 1
    const i = Math.floor(at / width)
    const j = at % width
    const x = a[i]
    const y = b[j]
    if (x === undefined && y === undefined) return true
    if (x !== undefined && run(x)) {
      stack.push(at + width)
      if (y !== undefined && (run(y) || swallows(x, y, b[j - 1], true))) stack.push(at + 1)
    }
    if (y !== undefined && run(y)) {
      stack.push(at + 1)
      if (x !== undefined && (run(x) || swallows(y, x, a[i - 1], false))) stack.push(at + width)
    }
    if (x !== undefined && y !== undefined && !run(x) && !run(y) && meets(x, y)) {
      stack.push(at + width + 1)
    }
  }
  return false
}

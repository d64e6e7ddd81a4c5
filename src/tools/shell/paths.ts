/** Paths as they are known before a run: made absolute, and judged against what nobody reads or writes. */
import { defaultSensitive, persistent, publicName, sinks, wideTrees } from './sensitive.ts'
import { any, below, canMeet, fromGlob, isLiteral, one, star, token } from './wildcard.ts'

interface Pattern {
  readonly text: string
  /** `**\/*.ext`: a bare `*` or a whole tree is not taken to aim at it. */
  readonly extension: string | undefined
  readonly floating: boolean
}
export interface PathRules {
  readonly sensitive: (path: string) => boolean
  readonly persistent: (path: string) => boolean
  /** A tree whose reading would meet a sensitive file of fixed place. */
  readonly wide: (path: string) => boolean
}

const compile = (globs: readonly string[]): { literal: RegExp; patterns: readonly Pattern[] } => {
  const patterns = globs.map((glob) => ({
    text: fromGlob(glob),
    extension: /^\*\*\/\*(\.[\w.]+)$/.exec(glob)?.[1],
    floating: glob.startsWith('**'),
  }))
  const sources = globs.map((glob) =>
    glob.replace(/\*\*|\*|\?|[.+^${}()|[\]\\]/g, (m) =>
      m === '**' ? '.*' : m === '*' ? '[^/]*' : m === '?' ? '[^/]' : `\\${m}`,
    ),
  )
  return { literal: new RegExp(`^(?:${sources.join('|')})$`, 's'), patterns }
}

const fitsExtension = (path: string, extension: string): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  const rest = dot < 0 ? '' : name.slice(dot)
  return rest.length > 1 && rest !== `.${star}` && canMeet(rest, extension)
}

/** A last part of nothing but a wildcard aims at no name in particular. */
const bare = new RegExp(`(/[${star}${token}]|${below})$`)
/** Where people's folders lie, and above. */
const homes = /^\/(~.*|home(\/.*)?|Users(\/.*)?|root(\/.*)?|var\/lib|mnt|media|nfs)?$/
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** A pattern that may lie anywhere, against a path with wildcards. */
const floats = (path: string, p: Pattern): boolean => {
  if (p.extension !== undefined) return fitsExtension(path, p.extension)
  // Below a folder anything may lie; what is meant shows in the name alone.
  if (path.includes(below) && bare.test(path)) return false
  if (bare.test(path)) return canMeet(path.replace(bare, '/\0'), p.text)
  if (path.includes(below)) {
    // A kind of files aims at a secret of a certain folder only from where such folders lie.
    const kept = p.text.split('/').length > 2
    if (kept && !isLiteral(lastOf(path)) && !homes.test(treeOf(path))) return false
    return !p.text.endsWith(any) && canMeet(lastOf(path), lastOf(p.text))
  }
  return canMeet(path, p.text)
}

const matcher = (globs: readonly string[]): ((path: string) => boolean) => {
  const { literal, patterns } = compile(globs)
  return (path) =>
    isLiteral(path)
      ? literal.test(path)
      : patterns.some((p) => (p.floating ? floats(path, p) : canMeet(path, p.text)))
}

const cache = new Map<string, PathRules>()
/** Rules of a target; `extra` are its own sensitive globs (a folder without a glob covers what is below it). */
export const pathRules = (extra: readonly string[]): PathRules => {
  const key = extra.join('\0')
  const known = cache.get(key)
  if (known) return known
  const own = extra.flatMap((g) =>
    g.endsWith('*') ? [g] : [g.replace(/\/+$/, ''), `${g.replace(/\/+$/, '')}/**`],
  )
  const sensitive = matcher([...defaultSensitive, ...own])
  const mine = own.length > 0 ? matcher(own) : () => false
  const places = own.filter((g) => g.startsWith('/')).map((g) => g.replace(/[*?].*$/, ''))
  const rules: PathRules = {
    sensitive: (path) =>
      mine(path) || (sensitive(path) && !(isLiteral(path) && publicName.test(path))),
    persistent: matcher(persistent),
    wide: (path) =>
      wideTrees.has(path) ||
      sensitive(`${path === '/' ? '' : path}/\0`) ||
      /^\/(home|Users)\/[^/]+$/.test(path) ||
      places.some((p) => p.startsWith(path === '/' ? '/' : `${path}/`)),
  }
  if (cache.size > 200) cache.clear()
  cache.set(key, rules)
  return rules
}

export const isSink = (path: string): boolean => sinks.has(path)

/** Links that the system keeps, to folders of processes. */
const leading = /^\/(proc\/[^/]+(\/task\/[^/]+)?\/(cwd|root|fd|exe|map_files)|dev\/fd)(\/|$)/
/**
 * Absolute form of `path` from the folder `cwd`, by its text alone: `//`, `.` and `..` are resolved. The account's home
 * is `/~` where its place is not known, and above it lies the unknown.
 */
export const absolute = (path: string, cwd: string): string => {
  const whole = path.startsWith('/') ? path : `${cwd}/${path}`
  // After an unknown piece with `..` in it, only what follows is certain.
  const last = whole.lastIndexOf(any)
  const head = last < 0 ? '' : any
  const segments: string[] = []
  let lost = last >= 0
  for (const segment of whole.slice(last + 1).split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    // Through one of these it goes on from wherever that leads.
    else if (leading.test(`/${segments.join('/')}`)) {
      segments.length = 0
      lost = true
    } else if (segments.length === 0) lost ||= last >= 0
    else {
      const gone = segments.pop() ?? ''
      if (gone.startsWith('~') && segments.length === 0) lost = true
      if (gone.includes(below)) {
        segments.length = 0
        lost = true
      }
    }
  }
  const glued = last >= 0 && !whole.slice(last + 1).startsWith('/') && whole.slice(last + 1) !== ''
  const tail = segments.join('/')
  if (!lost) return `/${tail}`
  return head !== '' && glued ? `${any}${tail}` : tail === '' ? any : `${any}/${tail}`
}

/** Inside one of the roots, for certain. */
export const inside = (path: string, roots: readonly string[]): boolean =>
  !path.startsWith(any) &&
  !path.includes(any) &&
  roots.some((root) => {
    const r = root === '/' ? '' : root.replace(/\/+$/, '')
    return path === r || path.startsWith(`${r}/`) || path === `${r}${below}`
  })

/** The folder named by a path that ends in what a tree walk or a bare glob adds. */
export const treeOf = (path: string): string => {
  const cut = path.search(new RegExp(`[${star}${below}${one}${token}]`))
  if (cut < 0) return path
  const at = path[cut] === below ? cut : path.lastIndexOf('/', cut)
  return path.slice(0, at) || '/'
}

/** A manifest as text -> the one object in it, and what may be shown of it. */
import { Lexer, parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'
import { isObject, type Obj, withoutNoise, withoutSecrets } from './objects.ts'

const header = z.looseObject({
  apiVersion: z.string().regex(/^(?:[a-z0-9.-]{1,200}\/)?v\d[a-z0-9]{0,30}$/),
  kind: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,62}$/),
  metadata: z.looseObject({
    name: z.string().min(1).max(253),
    namespace: z.string().min(1).max(63).optional(),
  }),
})

export interface Manifest {
  readonly object: Obj
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly name: string
  readonly namespace: string | undefined
}

export const longestManifest = 500_000
const deepestFlow = 60
/** A block level takes at least one column. */
const widestIndent = 120

/**
 * Refuses deep nesting before the recursive parser sees it: at the end of its stack V8 does not throw but ends the process
 * when an expression has to be compiled there. The lexer itself does not recurse.
 */
const checkDepth = (text: string): void => {
  let flow = 0
  let column = 0
  let indent = 0
  for (const token of new Lexer().lex(text)) {
    if (column === 0) indent = /^ +$/.test(token) ? token.length : 0
    const blank = /^\s*$/.test(token) || token.startsWith('#')
    if (token === '[' || token === '{') flow += 1
    if (token === ']' || token === '}') flow -= 1
    const wide =
      flow <= 0 && !blank && (token === '-' || token === '?' ? column : indent) > widestIndent
    if (flow > deepestFlow || wide)
      throw new GateError('SYNTAX_ERROR', 'The manifest is nested too deeply.')
    const line = token.lastIndexOf('\n')
    column = line < 0 ? column + token.length : token.length - line - 1
  }
}

/** Documents of YAML 1.2 or JSON text, empty ones left out. Throws SYNTAX_ERROR. */
const documents = (text: string): readonly Json[] => {
  try {
    checkDepth(text)
    const parsed = parseAllDocuments(text, { schema: 'core', uniqueKeys: true })
    return [...parsed].flatMap((document) => {
      const [error] = document.errors
      if (error)
        throw new GateError('SYNTAX_ERROR', 'The manifest is not valid YAML.', {
          position: error.pos[0] + 1,
        })
      // Aliases could make a small text a large object.
      const value = document.toJS({ maxAliasCount: 0 }) as Json
      return value === null ? [] : [value]
    })
  } catch (thrown) {
    if (thrown instanceof GateError) throw thrown
    throw new GateError(
      'SYNTAX_ERROR',
      'The manifest can not be read: aliases and deep nesting are not taken.',
      {
        cause: thrown,
      },
    )
  }
}

/** Throws SYNTAX_ERROR and INPUT_REFUSED for anything but one object with apiVersion, kind and metadata.name. */
export const parseManifest = (text: string): Manifest => {
  const [object, ...more] = documents(text)
  const kind = isObject(object) ? object.kind : undefined
  if (more.length > 0 || (typeof kind === 'string' && kind.endsWith('List')))
    throw new GateError('INPUT_REFUSED', 'A manifest holds one object here.', {
      hint: 'Send a call for each object, so that each is judged and recorded by itself.',
    })
  const read = header.safeParse(object)
  if (!read.success || !isObject(object)) {
    const missing = read.success ? [] : read.error.issues.map(({ path }) => path.join('.'))
    throw new GateError('INPUT_REFUSED', 'The manifest is no Kubernetes object.', {
      hint: `It needs apiVersion, kind and metadata.name${missing[0] ? `; not right: ${missing.slice(0, 3).join(', ')}` : ''}.`,
    })
  }
  const { apiVersion, metadata } = read.data
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  // What the server keeps of itself is not applied.
  const { status: _, ...rest } = object
  const own = isObject(rest.metadata) ? rest.metadata : {}
  const { managedFields: __, ...kept } = own
  return {
    object: { ...rest, metadata: kept },
    group: group ?? '',
    version: version ?? '',
    kind: read.data.kind,
    name: metadata.name,
    namespace: metadata.namespace,
  }
}

const holdsSecret = (value: Json, depth = 0): boolean => {
  if (depth > 50 || typeof value !== 'object' || value === null) return false
  if (isObject(value) && typeof value.kind === 'string' && /^secret$/i.test(value.kind)) return true
  return Object.values(value).some((member: Json) => holdsSecret(member, depth + 1))
}
const hide = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(hide)
  if (!isObject(value)) return value
  const secret = typeof value.kind === 'string' && /^secret$/i.test(value.kind)
  const shown = secret ? withoutNoise(withoutSecrets(value, true)) : value
  return Object.fromEntries(Object.entries(shown).map(([key, member]) => [key, hide(member)]))
}

/** The manifest with the values of Secrets hidden. Throws when it speaks of Secrets and can't be read. */
export const shownManifest = (text: string): string => {
  if (text.length > longestManifest) throw new RangeError('longer than any manifest that is taken')
  if (!/secret|stringData/i.test(text)) return text
  const found = documents(text)
  return found.some((one) => holdsSecret(one))
    ? found.map((one) => stringify(hide(one), { lineWidth: 0 })).join('---\n')
    : text
}

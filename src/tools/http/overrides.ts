/** Parameters by which frameworks let a request pass for one of another method: `_method=DELETE` in query, form, multipart or JSON. */

const overrides = /^[_x-]*(?:http)?[_-]*method(?:[_-]*override)?$/i

/** `_method[]` and, since some languages make `_` of dots and blanks in a name, `.method` are read as `_method`. */
export const isOverride = (key: string): boolean => {
  const base = key.replace(/\[.*$/s, '').trim().replace(/[.\s]/g, '_')
  return overrides.test(base) && !/^method$/i.test(base)
}

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Names of the parts of a multipart body (RFC 7578, `name*` of RFC 5987), wherever they stand. */
const partNames = (text: string): readonly string[] =>
  [...text.matchAll(/\bname\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/gi)].map(
    ([, quoted, plain = '']) =>
      unescaped(quoted?.replace(/\\(.)/g, '$1') ?? plain.replace(/^[\w-]*'[^']*'/, '')),
  )

/** Members of a JSON object; of what is not quite JSON, which some readers take, everything that looks like a member. */
const memberNames = (text: string): readonly string[] => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.keys(value) : []
  } catch {
    const spelled = text.replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    return [...spelled.matchAll(/["']?([\w.-]+)["']?\s*:/g)].map(([, name = '']) => name)
  }
}

const jsonType = /^(?:application|text)\/(?:[\w.+-]+\+)?json$/

/** Whether a body of this media type (`type/subtype`, lower case) names such a parameter. */
export const holdsOverride = (essence: string, text: string): boolean => {
  if (essence === 'application/x-www-form-urlencoded')
    return [...new URLSearchParams(text).keys()].some(isOverride)
  if (essence.startsWith('multipart/')) return partNames(text).some(isOverride)
  return jsonType.test(essence) && memberNames(text).some(isOverride)
}

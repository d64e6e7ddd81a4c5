/** A known secret as pages, tables and scripts write it: the characters that they escape are the ones that passwords have. */
import { expect, test } from 'vitest'
import { masker, plain } from './support.ts'

const secret = `p<a>s&s"w'o/r~d\\8842`
const mask = masker({ knownSecrets: () => [secret] })
const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

test.each([
  ['HTML text', html(secret)],
  ['HTML, &#39;', html(secret).replaceAll('"', '&quot;').replaceAll("'", '&#39;')],
  ['HTML, &#34;', html(secret).replaceAll('"', '&#34;').replaceAll("'", '&#39;')],
  ['HTML, &#x27;', html(secret).replaceAll('"', '&quot;').replaceAll("'", '&#x27;')],
  ['XML', html(secret).replaceAll('"', '&quot;').replaceAll("'", '&apos;')],
  ['CSV', secret.replaceAll('"', '""')],
  ['SQL', secret.replaceAll("'", "''")],
  ['a shell', secret.replaceAll("'", `'\\''`)],
  ['a shell by Python', secret.replaceAll("'", `'"'"'`)],
  ['a JSON pointer', secret.replaceAll('~', '~0').replaceAll('/', '~1')],
  [
    'JSON of Go',
    JSON.stringify(secret).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`),
  ],
  ['JSON of PHP', JSON.stringify(secret).replaceAll('/', '\\/')],
])('%s', (_name, written) => {
  for (const text of [written, `before ${written} after`, `<td>${written}</td>`])
    expect(mask.text(text, plain)).toContain('[masked:')
})

/** A secret that prints, inspects, clones and serialises as nothing; `reveal()` is the only way in. */
import { createHmac, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { z } from 'zod'
import type { Credential } from '../types.ts'

/** Shorter values would mask everyday words; they are not known values (docs/masking says so). */
const shortestKnown = 8

/** Versions are keyed by a key of this process, so that they tell nothing of the secret. */
const versionKey = randomBytes(32)
const shown = '[credential]'

const fieldsForm = z.record(z.string().max(64), z.string())

/** Fields of a secret: a JSON object of texts, or a bare text, which is at once password, token and private key. */
const fieldsOf = (text: string): Readonly<Record<string, string>> => {
  const trimmed = text.replace(/\r?\n$/, '')
  if (trimmed.trimStart().startsWith('{')) {
    try {
      return fieldsForm.parse(JSON.parse(trimmed))
    } catch {
      // A bare password may begin with a brace.
    }
  }
  return { password: trimmed, token: trimmed, privateKey: text }
}

export const credentialOf = (
  name: string,
  text: string,
): { credential: Credential; known: readonly string[]; forget(): void } => {
  let fields: Readonly<Record<string, string>> | undefined = fieldsOf(text)
  const known = [
    ...new Set(
      [...Object.entries(fields)]
        .filter(([key]) => key !== 'username' && key !== 'user')
        .flatMap(([, value]) => [value, value.trim()]),
    ),
  ].filter((value) => value.length >= shortestKnown)
  const credential: Credential = {
    name,
    version: createHmac('sha256', versionKey).update(`${name}\0${text}`).digest('hex').slice(0, 24),
    reveal: () => {
      if (fields === undefined) throw new Error('the lease of this credential has ended')
      return fields
    },
  }
  Object.defineProperties(credential, {
    reveal: { enumerable: false },
    toJSON: { value: () => shown, enumerable: false },
    toString: { value: () => shown, enumerable: false },
    [Symbol.toPrimitive]: { value: () => shown, enumerable: false },
    [inspect.custom]: { value: () => shown, enumerable: false },
  })
  return {
    credential: Object.freeze(credential),
    known,
    forget: () => {
      fields = undefined
    },
  }
}

/** Leases: a credential is read where it lies, handed to one run, then forgotten. */
import { GateError } from '../errors.ts'
import type { Vault } from '../types.ts'
import { credentialOf } from './credential.ts'
import { secretFiles } from './files.ts'
import { readRef, type SecretEnvironment, type SecretRef } from './refs.ts'
import type { SecretStore } from './secrets.ts'

/** A store's answer is used again for this long, so that a call does not always pay a round trip. */
const keptMs = 5_000
/** Values for masking; the oldest go first. */
const mostKnown = 2_000

export const openVault = (by: {
  /** name -> where it lies */
  readonly credentials: Readonly<Record<string, SecretRef>>
  readonly env: SecretEnvironment
  readonly secrets: Pick<SecretStore, 'get'>
}): Vault & {
  /** Reads every credential once, so that its value is masked before the first lease of it. */
  learn(): Promise<void>
} => {
  const known = new Set<string>()
  const kept = new Map<string, { text: string; at: number }>()

  const files = secretFiles()
  const read = async (ref: SecretRef): Promise<string> => {
    if (ref.kind === 'file') return files(ref.path)
    if (ref.kind === 'env') return readRef(ref, by.env)
    const have = kept.get(ref.key)
    if (have && performance.now() - have.at < keptMs) return have.text
    const text = await by.secrets.get(ref.key)
    if (text === undefined)
      throw new Error(
        `no secret ${ref.key} in the store; set it with: countersign secrets set ${ref.key}`,
      )
    kept.set(ref.key, { text, at: performance.now() })
    setTimeout(() => kept.delete(ref.key), keptMs).unref()
    return text
  }

  const remember = (values: readonly string[]): void => {
    for (const value of values) {
      known.delete(value)
      known.add(value)
    }
    for (const value of known) {
      if (known.size <= mostKnown) break
      known.delete(value)
    }
  }

  return {
    learn: async () => {
      for (const [name, ref] of Object.entries(by.credentials)) {
        // One that can't be read now is told about when a call wants it.
        const text = await read(ref).catch(() => undefined)
        if (text !== undefined) remember(credentialOf(name, text).known)
      }
    },
    lease: async (name) => {
      const ref = by.credentials[name]
      let text: string
      try {
        if (ref === undefined) throw new Error(`no credential ${name} in the configuration`)
        text = await read(ref)
      } catch (cause) {
        throw new GateError(
          'TARGET_UNREACHABLE',
          "The credential for this target can't be had now.",
          { cause, hint: "An administrator finds the reason in the gateway's log." },
        )
      }
      const held = credentialOf(name, text)
      remember(held.known)
      return { credential: held.credential, known: held.known, end: async () => held.forget() }
    },
    known: () => [...known],
  }
}

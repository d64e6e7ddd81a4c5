/** Host keys are pinned: no first use is trusted, and none that changed. */
import { createHash } from 'node:crypto'

/** As `ssh-keygen -lf` shows it: `SHA256:` and 43 characters of base64. */
export const fingerprintOf = (key: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** What a server showed, and whether it is one of the pinned ones. */
export class PinnedHost {
  readonly #pinned: ReadonlySet<string>
  shown: string | undefined
  constructor(pinned: readonly string[]) {
    this.#pinned = new Set(pinned.map((p) => p.replace(/=+$/, '')))
  }
  /** For ssh2's `hostVerifier`; it is asked again at every new key exchange. */
  readonly verify = (key: Buffer): boolean => {
    const seen = fingerprintOf(key)
    if (this.shown !== undefined && this.matches() && seen !== this.shown) return false
    this.shown = seen
    return this.matches()
  }
  matches(): boolean {
    return this.shown !== undefined && this.#pinned.has(this.shown)
  }
}

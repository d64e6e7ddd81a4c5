/** Credentials, leases, wrapped keys. */

/** A secret that prints, inspects and serialises as `[credential]`; `reveal()` is the only way in. Made by `vault/`. */
export interface Credential {
  readonly name: string
  /** Changes when the secret changes; safe to use as a pool key (keyed hash, not the secret). */
  readonly version: string
  /** `username`, `password`, `privateKey`, `token` ... */
  reveal(): Readonly<Record<string, string>>
}

/** A credential handed to one run, then forgotten and revoked. */
export interface Lease {
  readonly credential: Credential
  /** The secret values in it (8 characters and more), for masking. */
  readonly known: readonly string[]
  end(): Promise<void>
}
export interface Vault {
  /** `name` is a key of the configuration's `credentials`. Throws TARGET_UNREACHABLE (no such secret now) with the cause for the operator. */
  lease(name: string, callId: string): Promise<Lease>
  /** Every secret value that was ever leased by this process, for masking at the logger. */
  known(): readonly string[]
}
/** Wraps data keys under the vault's key (AES-256-GCM); ids let keys be rotated. */
export interface KeyWrap {
  readonly keyId: string
  wrap(plain: Uint8Array, context: string): Buffer
  /** Throws when the key is not there or the bytes were changed. */
  unwrap(wrapped: Uint8Array, context: string): Buffer
}

/** What the configuration file becomes: absolute paths, milliseconds, bytes; nothing secret is read yet. */
import type { Effect, Need, Target } from '../types.ts'

/** Where a secret lies. `store` keys are read by the vault; paths are absolute. */
export type SecretRef =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'store'; readonly key: string }

/** A place that is no secret as long as it holds no password, so it may also be written out. */
export type UrlRef =
  | Exclude<SecretRef, { kind: 'store' }>
  | { readonly kind: 'text'; readonly text: string }

interface Issuer {
  /** Exactly as in the tokens' `iss`. */
  readonly issuer: string
  readonly audience: string
  readonly groupsClaim: string
}

export interface Grant {
  /** The id of the policy that it becomes. */
  readonly id: string
  readonly groups: readonly string[]
  readonly targets:
    | { readonly kind: 'names'; readonly names: readonly string[] }
    | { readonly kind: 'labels'; readonly labels: Readonly<Record<string, string>> }
  readonly tools: readonly string[]
  readonly effects: readonly Effect[]
  readonly approval?: Need
  readonly mask: readonly string[]
}

export interface PolicyFile {
  /** Absolute path, for messages. */
  readonly file: string
  readonly text: string
}

/** A place outside the database that keeps checkpoints. */
type Anchor =
  | { readonly kind: 'dir'; readonly dir: string }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** `https://host`, without a path. */
      readonly endpoint: string
      readonly region: string
      /** '' or ending in a slash. */
      readonly prefix: string
      /** A key of `credentials`: accessKeyId, secretAccessKey. */
      readonly credentials: string
      /** How long object lock keeps each checkpoint. */
      readonly retainDays: number
    }

export interface Config {
  /** Absolute path of the file. */
  readonly file: string
  readonly server: {
    readonly host: string
    readonly port: number
    /** Without a trailing slash. */
    readonly publicUrl: string
    /** Whether publicUrl names this machine only. */
    readonly loopback: boolean
    readonly results: 'auto' | 'both' | 'structured' | 'text'
    readonly budget?: { readonly callsPerMinute: number }
  }
  /** Folder; the gateway makes it 0700. */
  readonly state: string
  /** Without a url: the embedded store. */
  readonly store: { readonly url?: UrlRef }
  readonly vault: { readonly key: SecretRef }
  readonly log: {
    readonly name: string
    readonly notary?: {
      readonly url: string
      readonly token?: SecretRef
      readonly maxUnsignedMs: number
    }
    readonly anchors: readonly Anchor[]
    readonly retention: readonly {
      readonly labels: Readonly<Record<string, string>>
      /** Left out: targets of every kind. */
      readonly kind?: Target['kind']
      readonly keepMs: number
    }[]
  }
  readonly approvals: { readonly waitSeconds: number }
  readonly masking: { readonly tokenKey: SecretRef }
  readonly identity: {
    readonly local?: { readonly subject: string; readonly groups: readonly string[] }
    readonly approvers: readonly {
      readonly subject: string
      readonly groups: readonly string[]
      /** `scrypt:N:r:p:salt:hash` */
      readonly passphrase: string
    }[]
    readonly issuers: readonly Issuer[]
  }
  readonly credentials: Readonly<Record<string, SecretRef>>
  readonly targets: readonly Target[]
  readonly grants: readonly Grant[]
  /** The `*.cedar` files of the policies folder, by name. */
  readonly policies: readonly PolicyFile[]
  /** What does not stop the start and should be looked at. */
  readonly warnings: readonly string[]
}

/** What the configuration needs to know of the tools to check `grants`. */
export interface KnownTool {
  readonly name: string
  readonly kind: Target['kind']
}

export type Environment = Readonly<Record<string, string | undefined>>

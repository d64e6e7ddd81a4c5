/** Who: the person or machine behind a request. */
import type { Fields } from './json.ts'

declare const verified: unique symbol
/** The verified person or machine behind a request. Only `identity/caller.ts` makes one. */
export interface Caller {
  readonly [verified]: true
  readonly iss: string
  readonly sub: string
  /** Verified client acting for the person (`client_id` / `act`), or '' when there is none. */
  readonly client: string
  readonly groups: readonly string[]
  readonly via: 'http' | 'socket' | 'stdio' | 'cli' | 'console' | 'gateway'
  readonly auth: 'oidc' | 'local' | 'passphrase' | 'saml' | 'gateway'
  /** Id of the MCP session or sign-in; a stable id, no secret. */
  readonly session: string
  /** Unhashed detail (address, what the agent says of itself): goes into an encrypted payload part only. */
  readonly origin: Fields
}

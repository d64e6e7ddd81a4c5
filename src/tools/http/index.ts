/** The HTTP tool and what it tells of a service. */
import type { Family, HttpTarget, Tool } from '../../types.ts'
import { type Resolve, systemResolve } from './address.ts'
import { Tokens } from './oauth.ts'
import { Pool } from './pool.ts'
import { httpRequest } from './request.ts'

export interface HttpFamily {
  readonly family: Family<HttpTarget, null>
  readonly tools: readonly Tool[]
  /** How many connections are kept now. */
  readonly connections: () => number
}

/** One pool of connections; `family.close()` ends it. `resolve` is the system's unless given. */
export const httpFamily = ({
  resolve = systemResolve,
}: {
  readonly resolve?: Resolve
} = {}): HttpFamily => {
  const pool = new Pool(resolve)
  const tools = [httpRequest({ pool, tokens: new Tokens(pool) })]
  return {
    family: {
      kind: 'http',
      // A name and the certificate behind it are checked on each connection; there is nothing else to know it by. The base path
      // is part of it: an approver sees paths below it, and what was approved below one is not run below another.
      identify: async ({ target }) => `http:${new URL(target.baseUrl).href.replace(/\/+$/, '')}`,
      describe: async () => null,
      close: () => pool.close(),
    },
    // The gateway validates input by its own schema before it calls it, so the narrower types hold.
    tools: tools as unknown as readonly Tool[],
    connections: () => pool.size,
  }
}

/**
 * The `Mcp-Session-Id` of the handshake revisions over HTTP. It holds what the client said of itself, so that any gateway can
 * serve any request of it without memory; it authorises nothing, each request is signed in by itself.
 */
import { randomBytes } from 'node:crypto'
import type { ClientInfo } from './message.ts'
import { asClientInfo } from './message.ts'

const form = /^[0-9a-f]{32}\.[A-Za-z0-9_-]{0,400}$/

export const sessionIdFor = (client: ClientInfo | undefined): string =>
  `${randomBytes(16).toString('hex')}.${client === undefined ? '' : Buffer.from(JSON.stringify(client)).toString('base64url').slice(0, 400)}`

/** What the client said when the id was made; undefined for ids that are not of our making. */
export const clientOf = (sessionId: string | undefined): ClientInfo | undefined => {
  if (sessionId === undefined || !form.test(sessionId)) return undefined
  try {
    const text = Buffer.from(sessionId.slice(33), 'base64url').toString('utf8')
    return asClientInfo(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** What a parsed JSON-RPC message is to us: a tool call of one of the two eras, or something for the SDK. */
import {
  CLIENT_INFO_META_KEY,
  classifyInboundRequest,
  INVALID_PARAMS,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import type { Era, RequestId } from './forms.ts'

/** Revisions with an `initialize` handshake, newest first; the first is offered to a client that asks for another. */
export const handshakeRevisions = ['2025-11-25', '2025-06-18', '2025-03-26']
/** The stateless revision, where each request carries its version and client in `_meta`. */
const statelessRevision = '2026-07-28'

type Bag = Readonly<Record<string, unknown>>

export const isBag = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isId = (value: unknown): value is RequestId =>
  typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))

export interface ToolCall {
  readonly id: RequestId
  /** '' when it is no text. */
  readonly tool: string
  readonly args: unknown
  readonly progressToken: RequestId | undefined
  readonly meta: Bag | undefined
}

/** Of a message that would be a tool call. */
export const callNeeds = 'A tool call is JSON-RPC 2.0 with an id that is a text or a whole number.'

/** Undefined when the message is no request for `tools/call`. */
export const asToolCall = (message: unknown): ToolCall | undefined => {
  if (!isBag(message) || message.method !== 'tools/call' || message.jsonrpc !== '2.0')
    return undefined
  if (!isId(message.id)) return undefined
  const params = isBag(message.params) ? message.params : {}
  const meta = isBag(params._meta) ? params._meta : undefined
  return {
    id: message.id,
    tool: typeof params.name === 'string' ? params.name : '',
    // `undefined` means to the gateway that there was too much to read; arguments left out are none.
    args: params.arguments === undefined ? {} : params.arguments,
    progressToken: isId(meta?.progressToken) ? meta.progressToken : undefined,
    meta,
  }
}

/** What a client says of itself: untrusted, bounded, for the form of results and the record's encrypted part. */
export interface ClientInfo {
  readonly name: string
  readonly version: string
}

export const asClientInfo = (value: unknown): ClientInfo | undefined => {
  if (!isBag(value) || typeof value.name !== 'string') return undefined
  const version = typeof value.version === 'string' ? value.version : ''
  return { name: value.name.slice(0, 128), version: version.slice(0, 64) }
}

export interface Headers {
  readonly protocolVersion?: string | undefined
  readonly method?: string | undefined
  readonly name?: string | undefined
}

export type Classified =
  | { readonly kind: 'served'; readonly era: Era; readonly client: ClientInfo | undefined }
  | {
      readonly kind: 'refused'
      readonly code: number
      readonly message: string
      readonly data?: unknown
    }

const headerMismatch = -32020
const unsupportedVersion = -32022

/**
 * Which era a tool call is of, by its body; `headers` is undefined where there are none (socket). A header that says
 * something else than the body is refused in either era (-32020): whatever stands between us and the client may have
 * judged by the header.
 */
export const classifyCall = (
  body: Bag,
  call: ToolCall,
  headers: Headers | undefined,
): Classified => {
  const claims = call.meta !== undefined && PROTOCOL_VERSION_META_KEY in call.meta
  const disagrees = headers === undefined ? undefined : disagreement(headers, call, claims)
  if (disagrees !== undefined) return { kind: 'refused', code: headerMismatch, message: disagrees }
  if (!claims) return legacy(headers?.protocolVersion)
  const outcome = classifyInboundRequest({
    httpMethod: 'POST',
    body,
    ...(headers?.protocolVersion === undefined
      ? {}
      : { protocolVersionHeader: headers.protocolVersion }),
    ...(headers?.method === undefined ? {} : { mcpMethodHeader: headers.method }),
  })
  if (outcome.kind === 'reject')
    return { kind: 'refused', code: outcome.code, message: outcome.message, data: outcome.data }
  const revision = outcome.kind === 'modern' ? outcome.classification.revision : undefined
  if (revision !== statelessRevision)
    return {
      kind: 'refused',
      code: unsupportedVersion,
      message: 'Unsupported protocol version',
      data: { supported: [statelessRevision], requested: revision ?? 'unknown' },
    }
  return { kind: 'served', era: 'modern', client: asClientInfo(call.meta?.[CLIENT_INFO_META_KEY]) }
}

const legacy = (version: string | undefined): Classified => {
  if (version === undefined || handshakeRevisions.includes(version))
    return { kind: 'served', era: 'legacy', client: undefined }
  if (version === statelessRevision)
    return {
      kind: 'refused',
      code: INVALID_PARAMS,
      message: `The MCP-Protocol-Version header names ${statelessRevision}, but the request has no _meta["${PROTOCOL_VERSION_META_KEY}"].`,
    }
  return {
    kind: 'refused',
    code: unsupportedVersion,
    message: 'Unsupported protocol version',
    data: {
      supported: [statelessRevision, ...handshakeRevisions],
      requested: version.slice(0, 64),
    },
  }
}

const disagreement = (headers: Headers, call: ToolCall, claims: boolean): string | undefined => {
  if (claims) {
    if (headers.protocolVersion === undefined) return 'The MCP-Protocol-Version header is missing.'
    if (headers.method === undefined) return 'The Mcp-Method header is missing.'
    if (headers.name === undefined) return 'The Mcp-Name header is missing.'
    if (headers.protocolVersion !== call.meta?.[PROTOCOL_VERSION_META_KEY])
      return 'The MCP-Protocol-Version header and the body name different revisions.'
  }
  if (headers.method !== undefined && headers.method !== 'tools/call')
    return 'The Mcp-Method header and the body name different methods.'
  if (headers.name !== undefined && decoded(headers.name) !== call.tool)
    return 'The Mcp-Name header and the body name different tools.'
  return undefined
}

const sentinel = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/** SEP-2243: names that are no plain header text come as `=?base64?..?=`; undefined when that is broken. */
const decoded = (value: string): string | undefined => {
  const encoded = sentinel.exec(value)?.[1]
  if (encoded === undefined) return value.startsWith('=?base64?') ? undefined : value
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  return Buffer.from(text, 'utf8').toString('base64') === encoded ? text : undefined
}

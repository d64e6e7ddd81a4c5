/** MCP over HTTP for a caller who is already identified: tool calls by us, all else by the SDK. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  CLIENT_INFO_META_KEY,
  classifyInboundRequest,
  createMcpHandler,
  INVALID_REQUEST,
  isJsonContentType,
  PARSE_ERROR,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller, Fields } from '../types.ts'
import { serveBatch } from './batch.ts'
import { type Body, maxMessageBytes, parseJson, readBody } from './body.ts'
import { recordUnread } from './call.ts'
import { cancellations } from './cancellations.ts'
import { clientOf, sessionIdFor } from './client-session.ts'
import { errorAnswer, formFor, type Results, type ServerInfo } from './forms.ts'
import { serveHttpCall } from './http-call.ts'
import {
  asClientInfo,
  asToolCall,
  type ClientInfo,
  callNeeds,
  classifyCall,
  isBag,
  isId,
  type ToolCall,
} from './message.ts'
import { mcpServer } from './server.ts'
import { sendResponse, webRequest } from './web.ts'

/** Makes the caller of one request, with what the client says of itself in its origin. Throws NOT_IDENTIFIED. */
export type CallerFor = (session: string, origin: Fields) => Caller

export interface McpHttp {
  /** Answers POST /mcp; other methods get 405, since there are no sessions to resume or to end. */
  serve(request: IncomingMessage, response: ServerResponse, callerFor: CallerFor): Promise<void>
  close(): Promise<void>
}

const noJson = { code: PARSE_ERROR, message: 'The message is no JSON in UTF-8.' }
const noCall = { code: INVALID_REQUEST, message: callNeeds }

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

const sendJson = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

export const mcpHttp = (
  gateway: Gateway,
  by: {
    readonly results: Results
    readonly server: ServerInfo
    readonly failed: (error: unknown) => void
  },
): McpHttp => {
  const running = cancellations()
  const modern = createMcpHandler(
    ({ requestInfo }) => {
      const caller = requestInfo === undefined ? undefined : callers.get(requestInfo)
      if (caller === undefined) throw new Error('a request without a caller')
      return mcpServer(gateway, { ...by, caller: () => caller })
    },
    { legacy: 'reject', onerror: () => undefined },
  )
  /** Who sent each request that the SDK serves. */
  const callers = new WeakMap<Request, Caller>()

  const callerOf = (
    request: IncomingMessage,
    callerFor: CallerFor,
    client: ClientInfo | undefined,
  ): Caller =>
    callerFor(header(request, 'mcp-session-id') ?? '', {
      address: request.socket.remoteAddress ?? '',
      ...(client === undefined ? {} : { client_name: client.name, client_version: client.version }),
    })

  const serveCall = async (
    request: IncomingMessage,
    response: ServerResponse,
    callerFor: CallerFor,
    read: { call: ToolCall; body: Readonly<Record<string, unknown>>; bytes: number },
  ): Promise<void> => {
    const { call, body, bytes } = read
    const classified = classifyCall(body, call, {
      protocolVersion: header(request, 'mcp-protocol-version'),
      method: header(request, 'mcp-method'),
      name: header(request, 'mcp-name'),
    })
    const session = header(request, 'mcp-session-id')
    const client =
      (classified.kind === 'served' ? classified.client : undefined) ?? clientOf(session)
    const caller = callerOf(request, callerFor, client)
    if (classified.kind === 'refused') {
      await recordUnread(gateway, { caller, rawBytes: bytes, failed: by.failed })
      sendJson(
        response,
        400,
        errorAnswer(call.id, classified.code, classified.message, classified.data),
      )
      return
    }
    const cancel = new AbortController()
    const forget = running.add(caller, session, call.id, cancel)
    try {
      await serveHttpCall(gateway, call, response, {
        caller,
        rawBytes: bytes,
        form: formFor(by.results, client?.name),
        era: classified.era,
        server: by.server,
        streams: (header(request, 'accept') ?? '').includes('text/event-stream'),
        cancel,
        failed: by.failed,
      })
    } finally {
      forget()
    }
  }

  /** By the SDK: the stateless revision by its own handler, the older ones by its HTTP transport, a new one a request. */
  const serveOther = async (
    request: IncomingMessage,
    response: ServerResponse,
    callerFor: CallerFor,
    message: unknown,
  ): Promise<void> => {
    const params = isBag(message) && isBag(message.params) ? message.params : {}
    const handshake = isBag(message) && message.method === 'initialize'
    const session = header(request, 'mcp-session-id')
    const meta = isBag(params._meta) ? params._meta : {}
    const client =
      asClientInfo(handshake ? params.clientInfo : meta[CLIENT_INFO_META_KEY]) ?? clientOf(session)
    const caller = callerOf(request, callerFor, client)
    if (isBag(message) && message.method === 'notifications/cancelled' && isId(params.requestId))
      running.cancel(caller, session, params.requestId)
    const web = webRequest(request, response)
    callers.set(web, caller)
    const route = classifyInboundRequest({
      httpMethod: 'POST',
      body: message,
      ...optional('protocolVersionHeader', header(request, 'mcp-protocol-version')),
      ...optional('mcpMethodHeader', header(request, 'mcp-method')),
      ...optional('mcpNameHeader', header(request, 'mcp-name')),
    })
    if (route.kind !== 'legacy') {
      await sendResponse(await modern.fetch(web, { parsedBody: message }), response)
      return
    }
    const server = mcpServer(gateway, { ...by, caller: () => caller, clientName: client?.name })
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
    await server.connect(transport)
    const answer = await transport.handleRequest(web, { parsedBody: message })
    const started = handshake && answer.ok ? { 'mcp-session-id': sessionIdFor(client) } : {}
    await sendResponse(answer, response, started)
    await server.close()
  }

  const refuseUnread = async (
    request: IncomingMessage,
    response: ServerResponse,
    callerFor: CallerFor,
    body: Exclude<Body, { kind: 'cut' }>,
    why: { readonly code: number; readonly message: string } = noJson,
  ): Promise<void> => {
    const caller = callerOf(request, callerFor, clientOf(header(request, 'mcp-session-id')))
    await recordUnread(gateway, { caller, rawBytes: body.bytes, failed: by.failed })
    if (body.kind === 'too-long') {
      const message = `The message has more than ${maxMessageBytes} bytes.`
      sendJson(response, 413, errorAnswer(null, INVALID_REQUEST, message))
      return
    }
    sendJson(response, 400, errorAnswer(null, why.code, why.message))
  }

  return {
    serve: async (request, response, callerFor) => {
      if (request.method !== 'POST') {
        response.writeHead(405, { allow: 'POST' }).end()
        return
      }
      if (!isJsonContentType(header(request, 'content-type') ?? null)) {
        sendJson(
          response,
          415,
          errorAnswer(null, INVALID_REQUEST, 'The content type has to be application/json.'),
        )
        return
      }
      const body = await readBody(request)
      if (body.kind === 'cut') return
      if (body.kind !== 'text') return refuseUnread(request, response, callerFor, body)
      const parsed = parseJson(body.text)
      if (parsed === undefined) return refuseUnread(request, response, callerFor, body)
      const message = parsed.value
      const call = asToolCall(message)
      if (call !== undefined && isBag(message))
        return serveCall(request, response, callerFor, { call, body: message, bytes: body.bytes })
      // Without an id nobody waits for an answer, so nothing may run; that it was asked for is recorded.
      if (isBag(message) && message.method === 'tools/call')
        return refuseUnread(request, response, callerFor, body, noCall)
      if (Array.isArray(message)) {
        const caller = callerOf(request, callerFor, clientOf(header(request, 'mcp-session-id')))
        return serveBatch(gateway, message, response, {
          ...by,
          caller,
          rawBytes: body.bytes,
          clientName: clientOf(header(request, 'mcp-session-id'))?.name,
        })
      }
      return serveOther(request, response, callerFor, message)
    },
    close: () => modern.close(),
  }
}

const optional = <K extends string>(key: K, value: string | undefined): { [k in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { [k in K]?: string }) // a computed key is a plain string to the compiler

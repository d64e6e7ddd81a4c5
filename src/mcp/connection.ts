/** MCP over one connection of lines (the socket behind `countersign stdio`): tool calls by us, all else by the SDK. */
import { isUtf8 } from 'node:buffer'
import type { Duplex } from 'node:stream'
import {
  INVALID_REQUEST,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  PARSE_ERROR,
  type Transport,
} from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller, Fields } from '../types.ts'
import { maxMessageBytes, parseJson } from './body.ts'
import { answerCall, recordUnread } from './call.ts'
import { errorAnswer, formFor, type RequestId, type Results, type ServerInfo } from './forms.ts'
import { lineSplitter } from './lines.ts'
import {
  asClientInfo,
  asToolCall,
  type ClientInfo,
  classifyCall,
  isBag,
  isId,
  type ToolCall,
} from './message.ts'
import { mcpServer } from './server.ts'

/** Past these the connection is not read until some of it is worked off. */
const mostRunning = 128
const mostUnwrittenBytes = 8 * 1024 * 1024
/** How long calls go on after the client has said its last. */
const halfClosedMs = 1000

export interface ConnectionOptions {
  /** Makes the caller, with what the client says of itself in its origin. */
  readonly callerFor: (origin: Fields) => Caller
  readonly results: Results
  readonly server: ServerInfo
  readonly failed: (error: unknown) => void
}

/** Serves until the stream ends; resolves then. Runs that are under way are aborted at the end. */
export const serveConnection = (
  gateway: Gateway,
  stream: Duplex,
  by: ConnectionOptions,
): Promise<void> => {
  const running = new Map<RequestId, AbortController>()
  let client: ClientInfo | undefined
  let caller = by.callerFor({})

  const named = (info: ClientInfo | undefined): void => {
    if (info === undefined || (info.name === client?.name && info.version === client.version))
      return
    client = info
    caller = by.callerFor({ client_name: info.name, client_version: info.version })
  }

  const throttle = (): void => {
    const full = running.size >= mostRunning || stream.writableLength > mostUnwrittenBytes
    if (full && !stream.isPaused()) stream.pause()
    if (!full && stream.isPaused()) stream.resume()
  }

  // Calls that share a commit end in one turn: their answers leave in one write. Nothing waits longer than for what is
  // ready already.
  let gathered = ''
  let readers: (() => void)[] = []

  const flush = (): void => {
    const text = gathered
    const told = readers
    gathered = ''
    readers = []
    if (text === '' || stream.destroyed || stream.writableEnded) return
    stream.write(text, (error) => {
      if (!error) for (const tell of told) tell()
      throttle()
    })
    throttle()
  }

  const write = (text: string, told?: () => void): void => {
    if (stream.destroyed || stream.writableEnded) return
    if (gathered === '') process.nextTick(flush)
    gathered += `${text}\n`
    if (told !== undefined) readers.push(told)
    if (gathered.length > mostUnwrittenBytes) flush()
  }

  const serveCall = async (
    call: ToolCall,
    body: Readonly<Record<string, unknown>>,
    bytes: number,
  ): Promise<void> => {
    const classified = classifyCall(body, call, undefined)
    if (classified.kind === 'refused') {
      await recordUnread(gateway, { caller, rawBytes: bytes, failed: by.failed })
      write(errorAnswer(call.id, classified.code, classified.message, classified.data))
      return
    }
    named(classified.client)
    if (running.has(call.id)) {
      await recordUnread(gateway, { caller, rawBytes: bytes, failed: by.failed })
      write(errorAnswer(call.id, INVALID_REQUEST, 'A request with this id is under way.'))
      return
    }
    const cancel = new AbortController()
    running.set(call.id, cancel)
    throttle()
    const { text, callId } = await answerCall(gateway, call, {
      caller,
      rawBytes: bytes,
      signal: cancel.signal,
      form: formFor(by.results, client?.name),
      era: classified.era,
      server: by.server,
      notify: (note) => write(note),
      failed: by.failed,
    })
    running.delete(call.id)
    throttle()
    // A cancelled request gets no answer (MCP, cancellation).
    if (!cancel.signal.aborted)
      write(text, () => {
        if (callId !== undefined) gateway.delivered(callId)
      })
    endWhenDone()
  }

  const endWhenDone = (): void => {
    if (!stream.readableEnded || running.size > 0) return
    // What the SDK has under way takes no longer than this.
    setTimeout(() => stream.end(), 50)
  }

  // A closed half and a closed connection look the same here. Answers that are nearly there are still sent; then the
  // client counts as gone.
  const halfClosed = (): void => {
    const patience = setTimeout(() => stream.destroy(), halfClosedMs)
    stream.once('close', () => clearTimeout(patience))
    endWhenDone()
  }

  const sdk: Transport = {
    start: async () => undefined,
    send: async (message) => write(JSON.stringify(message)),
    close: async () => {
      flush()
      stream.end()
      sdk.onclose?.()
    },
  }

  const unread = async (rawBytes: number, code: number, message: string): Promise<void> => {
    await recordUnread(gateway, { caller, rawBytes, failed: by.failed })
    write(errorAnswer(null, code, message))
  }

  const dispatch = async (message: unknown, bytes: number): Promise<void> => {
    const call = asToolCall(message)
    if (call !== undefined && isBag(message)) return serveCall(call, message, bytes)
    // Without an id nobody waits for an answer, so nothing may run; that it was asked for is recorded.
    if (isBag(message) && message.method === 'tools/call')
      return unread(bytes, INVALID_REQUEST, 'A tool call needs an id.')
    if (
      !(isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message))
    )
      return unread(bytes, INVALID_REQUEST, 'The message is no JSON-RPC 2.0.')
    const plain: JSONRPCMessage = message
    const params = 'params' in plain && isBag(plain.params) ? plain.params : {}
    if ('method' in plain && plain.method === 'initialize') named(asClientInfo(params.clientInfo))
    if ('method' in plain && plain.method === 'notifications/cancelled' && isId(params.requestId)) {
      const mine = running.get(params.requestId)
      if (mine !== undefined) return mine.abort()
    }
    sdk.onmessage?.(plain)
  }

  const receive = async (bytes: Buffer): Promise<void> => {
    const parsed = isUtf8(bytes) ? parseJson(bytes.toString('utf8')) : undefined
    if (parsed === undefined)
      return unread(bytes.length, PARSE_ERROR, 'The message is no JSON in UTF-8.')
    // Batches, which only revision 2025-03-26 has; the answers come one by one.
    const messages = Array.isArray(parsed.value) ? parsed.value : [parsed.value]
    if (messages.length === 0) return unread(bytes.length, INVALID_REQUEST, 'The batch is empty.')
    for (const message of messages) void dispatch(message, bytes.length).catch(by.failed)
  }

  const split = lineSplitter(maxMessageBytes, (line) => {
    if (line.kind === 'line') void receive(line.bytes).catch(by.failed)
    else
      void unread(
        line.length,
        INVALID_REQUEST,
        `The message has more than ${maxMessageBytes} bytes.`,
      ).catch(by.failed)
  })

  const handle = serveStdio(() => mcpServer(gateway, { ...by, caller: () => caller }), {
    transport: sdk,
    onerror: () => undefined,
  })

  return new Promise((resolve) => {
    stream.on('data', split)
    stream.on('error', () => undefined)
    stream.on('drain', throttle)
    stream.on('end', halfClosed)
    stream.on('close', () => {
      for (const controller of running.values()) controller.abort()
      void handle.close().catch(() => undefined)
      resolve()
    })
  })
}

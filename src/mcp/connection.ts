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
import { atOnce } from './at-once.ts'
import { mostInBatch } from './batch.ts'
import { maxMessageBytes, parseJson } from './body.ts'
import { answerCall, recordUnread } from './call.ts'
import { errorAnswer, formFor, type RequestId, type Results, type ServerInfo } from './forms.ts'
import { lineSplitter } from './lines.ts'
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
  /** Calls whose turn has not come. */
  const waiting = new Map<RequestId, AbortController>()
  let client: ClientInfo | undefined
  let caller = by.callerFor({})

  const named = (info: ClientInfo | undefined): void => {
    if (info === undefined || (info.name === client?.name && info.version === client.version))
      return
    client = info
    caller = by.callerFor({ client_name: info.name, client_version: info.version })
  }

  const turns = atOnce(mostRunning, {
    failed: by.failed,
    changed: () => {
      throttle()
      endWhenDone()
    },
  })

  const throttle = (): void => {
    const full = turns.full() || stream.writableLength > mostUnwrittenBytes
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
    cancel: AbortController,
  ): Promise<void> => {
    if (waiting.get(call.id) === cancel) waiting.delete(call.id)
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
    running.set(call.id, cancel)
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
    // A cancelled request gets no answer (MCP, cancellation).
    if (!cancel.signal.aborted)
      write(text, () => {
        if (callId !== undefined) gateway.delivered(callId)
      })
  }

  const endWhenDone = (): void => {
    if (!stream.readableEnded || !turns.idle()) return
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

  /** In its turn, like a call: what can't be read costs a record too. */
  const unread = (rawBytes: number, code: number, message: string): void => {
    turns.run(async () => {
      await recordUnread(gateway, { caller, rawBytes, failed: by.failed })
      write(errorAnswer(null, code, message))
    })
    throttle()
  }

  const dispatch = (message: unknown, bytes: number): void => {
    const call = asToolCall(message)
    if (call !== undefined && isBag(message)) {
      const cancel = new AbortController()
      if (turns.full()) waiting.set(call.id, cancel)
      turns.run(() => serveCall(call, message, bytes, cancel))
      throttle()
      return
    }
    // Without an id nobody waits for an answer, so nothing may run; that it was asked for is recorded.
    if (isBag(message) && message.method === 'tools/call')
      return unread(bytes, INVALID_REQUEST, callNeeds)
    if (
      !(isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message))
    )
      return unread(bytes, INVALID_REQUEST, 'The message is no JSON-RPC 2.0.')
    const plain: JSONRPCMessage = message
    const params = 'params' in plain && isBag(plain.params) ? plain.params : {}
    if ('method' in plain && plain.method === 'initialize') named(asClientInfo(params.clientInfo))
    if ('method' in plain && plain.method === 'notifications/cancelled' && isId(params.requestId)) {
      const mine = running.get(params.requestId) ?? waiting.get(params.requestId)
      if (mine !== undefined) return mine.abort()
    }
    sdk.onmessage?.(plain)
  }

  const receive = (bytes: Buffer): void => {
    const parsed = isUtf8(bytes) ? parseJson(bytes.toString('utf8')) : undefined
    if (parsed === undefined)
      return unread(bytes.length, PARSE_ERROR, 'The message is no JSON in UTF-8.')
    // Batches, which only revision 2025-03-26 has; the answers come one by one.
    const messages = Array.isArray(parsed.value) ? parsed.value : [parsed.value]
    if (Array.isArray(parsed.value) && (messages.length === 0 || messages.length > mostInBatch))
      return unread(bytes.length, INVALID_REQUEST, `A batch has 1 to ${mostInBatch} messages.`)
    for (const message of messages) dispatch(message, bytes.length)
  }

  const split = lineSplitter(maxMessageBytes, (line) => {
    if (line.kind === 'line') receive(line.bytes)
    else unread(line.length, INVALID_REQUEST, `The message has more than ${maxMessageBytes} bytes.`)
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
      for (const controller of [...running.values(), ...waiting.values()]) controller.abort()
      void handle.close().catch(() => undefined)
      resolve()
    })
  })
}

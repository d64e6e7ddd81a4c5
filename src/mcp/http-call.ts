/** A tool call over HTTP: one JSON answer, or an event stream when progress was asked for and came. */
import type { ServerResponse } from 'node:http'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller } from '../types.ts'
import { answerCall } from './call.ts'
import type { Era, Form, ServerInfo } from './forms.ts'
import type { ToolCall } from './message.ts'

const event = (text: string): string => `event: message\ndata: ${text}\n\n`

/**
 * Serves the call and ends the response. Aborts the run when the client goes away or `cancel` aborts; tells the gateway that
 * the reply was delivered only when all of it was handed to the network.
 */
export const serveHttpCall = async (
  gateway: Gateway,
  call: ToolCall,
  response: ServerResponse,
  by: {
    readonly caller: Caller
    readonly rawBytes: number
    readonly form: Form
    readonly era: Era
    readonly server: ServerInfo
    /** The client takes `text/event-stream`. */
    readonly streams: boolean
    readonly cancel: AbortController
    readonly failed: (error: unknown) => void
  },
): Promise<void> => {
  const gone = (): void => {
    if (!response.writableFinished) by.cancel.abort()
  }
  response.on('close', gone)
  const notify = (text: string): void => {
    if (!by.streams || response.writableEnded || response.destroyed) return
    if (!response.headersSent)
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
    response.write(event(text))
  }
  const { text, callId } = await answerCall(gateway, call, {
    ...by,
    signal: by.cancel.signal,
    notify,
  })
  if (response.destroyed) return
  const told = (): void => {
    if (callId !== undefined) gateway.delivered(callId)
  }
  // A cancelled request gets no answer (MCP, cancellation); HTTP needs an end.
  if (by.cancel.signal.aborted) {
    if (!response.headersSent) response.writeHead(202)
    response.end()
    return
  }
  if (response.headersSent) {
    response.end(event(text), told)
    return
  }
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  // As text, not as bytes: Node then sends head and body in one write.
  response.end(text, told)
}

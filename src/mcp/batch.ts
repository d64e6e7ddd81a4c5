/** JSON-RPC batches, which only revision 2025-03-26 has: each message is served by itself, the answers go back as one array. */
import type { ServerResponse } from 'node:http'
import {
  INVALID_REQUEST,
  InMemoryTransport,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller } from '../types.ts'
import { answerCall, recordUnread } from './call.ts'
import { errorAnswer, formFor, type Results, type ServerInfo } from './forms.ts'
import { asToolCall, isBag } from './message.ts'
import { mcpServer } from './server.ts'

export const mostInBatch = 50

const isTooNew = (message: unknown): boolean =>
  isBag(message) &&
  isBag(message.params) &&
  isBag(message.params._meta) &&
  PROTOCOL_VERSION_META_KEY in message.params._meta

export const serveBatch = async (
  gateway: Gateway,
  messages: readonly unknown[],
  response: ServerResponse,
  by: {
    readonly caller: Caller
    readonly rawBytes: number
    readonly results: Results
    readonly server: ServerInfo
    readonly clientName: string | undefined
    readonly failed: (error: unknown) => void
  },
): Promise<void> => {
  const send = (status: number, text: string, told?: () => void): void => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(text, told)
  }
  const wellFormed = messages.every(
    (message) =>
      isJSONRPCRequest(message) ||
      isJSONRPCNotification(message) ||
      isJSONRPCResponse(message) ||
      asToolCall(message) !== undefined,
  )
  if (
    messages.length === 0 ||
    messages.length > mostInBatch ||
    !wellFormed ||
    messages.some(isTooNew)
  ) {
    await recordUnread(gateway, by)
    const message = `A batch has 1 to ${mostInBatch} messages of a revision before 2025-06-18.`
    send(400, errorAnswer(null, INVALID_REQUEST, message))
    return
  }
  const gone = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const delivered: string[] = []
  // One after the other: a batch must not run more at once than its sender could.
  const answers: string[] = []
  for (const message of messages) {
    const call = asToolCall(message)
    if (call === undefined) {
      if (isJSONRPCRequest(message)) answers.push(await bySdk(gateway, message, by))
      continue
    }
    const answer = await answerCall(gateway, call, {
      ...by,
      signal: gone.signal,
      form: formFor(by.results, by.clientName),
      era: 'legacy',
      notify: () => undefined,
    })
    answers.push(answer.text)
    if (answer.callId !== undefined) delivered.push(answer.callId)
  }
  if (response.destroyed) return
  if (answers.length === 0) {
    response.writeHead(202).end()
    return
  }
  send(200, `[${answers.join(',')}]`, () => {
    for (const callId of delivered) gateway.delivered(callId)
  })
}

const bySdk = async (
  gateway: Gateway,
  message: JSONRPCMessage,
  by: { caller: Caller; results: Results; server: ServerInfo; clientName: string | undefined },
): Promise<string> => {
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const server = mcpServer(gateway, { ...by, caller: () => by.caller })
  const answer = new Promise<string>((resolve) => {
    ours.onmessage = (reply) => resolve(JSON.stringify(reply))
  })
  await server.connect(theirs)
  await ours.start()
  await ours.send(message)
  const text = await answer
  await server.close()
  return text
}

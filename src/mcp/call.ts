/** One `tools/call`, the same on every transport: hand it to the gateway, put its reply into the client's form. */
import { INTERNAL_ERROR } from '@modelcontextprotocol/server'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller } from '../types.ts'
import {
  callAnswer,
  type Era,
  errorAnswer,
  type Form,
  progressNote,
  type ServerInfo,
} from './forms.ts'
import type { ToolCall } from './message.ts'

export interface Answer {
  /** The whole JSON-RPC message. */
  readonly text: string
  /** To be told to the gateway once the text is written; undefined when there is nothing to tell. */
  readonly callId: string | undefined
}

/** The gateway records and judges whatever arrives: nothing of the arguments is checked here. Never throws. */
export const answerCall = async (
  gateway: Gateway,
  call: ToolCall,
  by: {
    readonly caller: Caller
    readonly rawBytes: number
    readonly signal: AbortSignal
    readonly form: Form
    readonly era: Era
    readonly server: ServerInfo
    /** Writes one message ahead of the answer. */
    readonly notify: (text: string) => void
    readonly failed: (error: unknown) => void
  },
): Promise<Answer> => {
  let steps = 0
  const token = call.progressToken
  const progress = (message: string): void => {
    steps += 1
    if (token !== undefined) by.notify(progressNote(token, steps, message))
  }
  try {
    const reply = await gateway.handle({
      caller: by.caller,
      tool: call.tool,
      args: call.args,
      rawBytes: by.rawBytes,
      signal: by.signal,
      ...(token === undefined ? {} : { progress }),
    })
    return {
      text: callAnswer(call.id, reply, by),
      callId: reply.open === true ? undefined : reply.callId,
    }
  } catch (error) {
    // The gateway answers with refusals; a throw is a fault of ours, and its text is not the client's.
    by.failed(error)
    return {
      text: errorAnswer(call.id, INTERNAL_ERROR, 'The gateway failed on this call.'),
      callId: undefined,
    }
  }
}

/** Has the gateway record what could not be read as a message: too long, no JSON, no text. Never throws. */
export const recordUnread = async (
  gateway: Gateway,
  by: {
    readonly caller: Caller
    readonly rawBytes: number
    readonly failed: (error: unknown) => void
  },
): Promise<void> => {
  try {
    const reply = await gateway.handle({
      caller: by.caller,
      tool: '',
      args: undefined,
      rawBytes: by.rawBytes,
      signal: AbortSignal.timeout(60_000),
    })
    gateway.delivered(reply.callId)
  } catch (error) {
    by.failed(error)
  }
}

/** A gateway that only plays: echoes, refuses, waits, reports progress; and remembers what reached it. */
import type { Gateway, Request, ToolListing } from '../../src/gateway/ports.ts'
import type { Masked } from '../../src/types.ts'

const outputSchema = {
  type: 'object',
  properties: {
    status: { type: 'string' },
    call_id: { type: 'string' },
    echo: {},
    rows: { type: 'array' },
    refused: {
      type: 'object',
      properties: { code: { type: 'string' }, message: { type: 'string' } },
      required: ['code', 'message'],
      additionalProperties: false,
    },
  },
  required: ['status', 'call_id'],
  additionalProperties: false,
}

const listing = (name: string): ToolListing => ({
  name,
  title: name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  outputSchema,
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
})

export interface FakeGateway extends Gateway {
  readonly seen: Request[]
  readonly told: string[]
  readonly aborted: string[]
}

/** Text whose exact bytes a client must get: escapes, numbers and orders that a parser would change. */
export const exactJson =
  '{"status":"ok","call_id":"c1","rows":[[1.0,10000000000000000001,"\\u00e9\\u2028"],[0.10,-0,"a\\/b"]]}'

export const fakeGateway = (): FakeGateway => {
  const seen: Request[] = []
  const told: string[] = []
  const aborted: string[] = []
  let running = 0
  let next = 0
  const reply = (callId: string, isError: boolean, fields: object) => ({
    callId,
    isError,
    json: JSON.stringify({
      status: isError ? 'refused' : 'ok',
      call_id: callId,
      ...fields,
    }) as Masked<string>,
  })
  const run = async (request: Request) => {
    next += 1
    const callId = `c${next}`
    switch (request.tool) {
      case 'echo':
        return reply(callId, false, { echo: request.args })
      case 'exact':
        return { callId, isError: false, json: exactJson as Masked<string> }
      case 'refuse':
        return reply(callId, true, { refused: { code: 'NOT_ALLOWED', message: 'no' } })
      case 'fail':
        throw new Error('secret detail of the inside')
      case 'slow':
        for (let step = 0; step < 3; step += 1) {
          await pause(30, request.signal)
          request.progress?.(`step ${step}`)
        }
        // Clients forget a call's progress when its answer comes in the same piece.
        await pause(30, request.signal)
        return reply(callId, false, {})
      case 'hang':
        await pause(60_000, request.signal)
        aborted.push(callId)
        return reply(callId, true, { refused: { code: 'CANCELLED', message: 'gone' } })
      default:
        return reply(callId, true, { refused: { code: 'INPUT_REFUSED', message: 'no such tool' } })
    }
  }
  return {
    seen,
    told,
    aborted,
    list: async () => ['echo', 'exact', 'refuse', 'slow', 'hang', 'fail'].map(listing),
    handle: async (request) => {
      seen.push(request)
      running += 1
      try {
        return await run(request)
      } finally {
        running -= 1
      }
    },
    delivered: (callId) => void told.push(callId),
    inFlight: () => running,
    drain: async (ms) => {
      const end = performance.now() + ms
      while (running > 0 && performance.now() < end) await pause(5)
    },
  }
}

export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

export const until = async (done: () => boolean, ms = 5000): Promise<void> => {
  const end = performance.now() + ms
  while (!done()) {
    if (performance.now() > end) throw new Error('it did not come to that')
    await pause(5)
  }
}

/** Starts a decided call once, or attaches to the one that is under way, and answers within the wait. */
import { ClaimLost, GateError } from '../errors.ts'
import type { Call, Claim, Entry, Json, Target, Tool, Verdict } from '../types.ts'
import { ownerOf, type Registry } from './attach.ts'
import { canonicalInput } from './canonical.ts'
import * as entries from './entries.ts'
import { execute } from './execute.ts'
import type { Finished, Ports, Reply, Request, Running } from './ports.ts'
import { okReply, refusal, refusedReply, runningReply } from './reply.ts'

export interface Start {
  readonly call: Call
  readonly tool: Tool
  readonly known: entries.Known
  readonly verdict: Verdict
  readonly before: readonly Entry[]
  /** `keyOf` the call, where it is known already. */
  readonly key?: string
  /** Spends an approval. */
  readonly claim?: Claim
  /** The preview that its approvers saw. */
  readonly approved?: Json
  readonly approval?: Readonly<Record<string, string | readonly string[]>>
}

/** Equal for the same call sent again. Calls with different idempotency keys are different calls. */
export const keyOf = (call: Pick<Call, 'caller' | 'tool' | 'input'>, target: Target): string =>
  JSON.stringify([
    ownerOf(call.caller),
    call.tool,
    target.name,
    canonicalInput(call.input),
    (call.input as { idempotency_key?: string }).idempotency_key ?? null,
  ])

const progressMs = 10_000

export const startRun = (start: Start, ports: Ports, registry: Registry): Running => {
  const { call, tool, known } = start
  const abort = new AbortController()
  const writes = call.facts.effect !== 'read'
  const key = start.key ?? keyOf(call, call.target)
  // A write takes its key with its intent, so that the same call on another gateway of this store finds it.
  const once = writes && start.claim === undefined ? ports.once.hash('same', key) : undefined
  const claim =
    start.claim ??
    (once
      ? ports.once.claim(once, ports.once.hash('input', canonicalInput(call.input)), call.id)
      : undefined)
  const done = execute(
    {
      known,
      target: call.target,
      purpose: tool.credential(call.facts),
      masking: start.verdict.kind === 'deny' ? [] : start.verdict.masking,
      callerView: call.caller,
      ...(start.approved === undefined ? {} : { approved: start.approved }),
      before: start.before,
      intent: entries.intent(known, start.verdict, start.approval),
      ...(claim === undefined ? {} : { claim }),
      writes,
      run: (session) => tool.run(call.input, call.facts, session),
    },
    ports,
    abort,
  )
  return registry.add({
    callId: call.id,
    owner: ownerOf(call.caller),
    key,
    effect: call.facts.effect,
    done,
    // If the client is gone: SQL rolls back, reads stop, other writes run to their limit and keep their result.
    abort: () => {
      if (!writes || call.target.kind === 'postgres') abort.abort()
    },
  })
}

/** A call that this one repeats: a write under way or undelivered, or a read whose client has gone. */
export const repeated = (call: Call, key: string, registry: Registry): Running | undefined => {
  const same = registry.same(key)
  return same && (call.facts.effect !== 'read' || same.waiters === 0) ? same : undefined
}

/** Waits for a running call, with progress, as long as a client waits. Rejects with ClaimLost when another gateway has it. */
export const answer = async (
  running: Running,
  request: Request,
  ms: number,
  registry: Registry,
): Promise<Reply> => {
  const ticking = request.progress
    ? setInterval(() => request.progress?.('Still running.'), progressMs)
    : undefined
  try {
    const finished = await registry.wait(running, ms, request.signal)
    return finished ? finishedReply(running.callId, finished) : runningReply(running.callId)
  } catch (thrown) {
    registry.delivered(running.callId)
    if (thrown instanceof ClaimLost) throw thrown
    throw thrown instanceof GateError
      ? thrown
      : new GateError('INTERNAL', 'The call could not be started.', { cause: thrown })
  } finally {
    clearInterval(ticking)
  }
}

export const finishedReply = (callId: string, finished: Finished): Reply =>
  finished.ok
    ? okReply(callId, finished.receipt, finished.json)
    : refusedReply(callId, finished.receipt, refusal(finished.error))

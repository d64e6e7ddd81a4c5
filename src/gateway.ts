/** The path of a call, on one screen and in order: identify, admit, parse and find facts, decide, hold or run, record, answer. */
import { createHash } from 'node:crypto'
import { asGateError, ClaimLost, GateError } from './errors.ts'
import { admit, parseInput, sane, shownInput, usable } from './gateway/admit.ts'
import { openRegistry } from './gateway/attach.ts'
import { builtins, runBuiltin } from './gateway/builtins.ts'
import { canonicalInput } from './gateway/canonical.ts'
import { decide, denial, stopIfPaused } from './gateway/decide.ts'
import { type Following, follow } from './gateway/follow.ts'
import { requestApproval } from './gateway/hold.ts'
import { uuidv7 } from './gateway/id.ts'
import { listing } from './gateway/listing.ts'
import { openLooks } from './gateway/look.ts'
import type { Gateway, Ports, Reply, Request } from './gateway/ports.ts'
import { refusal, refusedReply } from './gateway/reply.ts'
import { answer, keyOf, repeated, startRun } from './gateway/run.ts'
import { knownOf, receivedOf, refuse, type Step } from './gateway/step.ts'
import { isCaller } from './identity/caller.ts'
import type { Call, Json, Masked } from './types.ts'

export type { Gateway, Ports } from './gateway/ports.ts'

export const openGateway = (ports: Ports): Gateway => {
  const looks = openLooks(ports)
  const registry = openRegistry()
  const listings = listing(ports.tools)
  const toolDefs = new Map(
    [...listings].map(([name, tool]) => [
      name,
      `sha256:${createHash('sha256').update(JSON.stringify(tool)).digest('hex')}`,
    ]),
  )
  const names: ReadonlySet<string> = new Set(listings.keys())
  const stopping = new AbortController()
  const f: Following = { ports, looks, registry, toolDefs, stopping: stopping.signal }
  let inFlight = 0

  const handle = async (request: Request): Promise<Reply> => {
    if (!isCaller(request.caller))
      throw new GateError('NOT_IDENTIFIED', 'No verified caller is behind this request.')
    const step: Step = {
      callId: uuidv7(),
      at: new Date(),
      request,
      input: undefined,
      tool: undefined,
      target: undefined,
      targetIdentity: undefined,
      call: undefined,
      verdict: undefined,
    }
    try {
      if (stopping.signal.aborted)
        throw new GateError('PAUSED', 'The gateway is stopping; send the call again in a moment.', {
          retry: true,
        })
      ports.log.ready()
      ports.spend?.(request.caller)
      const args = sane(request)
      if (builtins.has(request.tool)) return await runBuiltin(request.tool, args, step, f)
      const call = await callOf(step, args)
      step.verdict = await decide(call, ports.guards, (thrown) =>
        ports.report(asGateError(thrown), { call_id: call.id, step: 'guard' }),
      )
      const { verdict } = step
      switch (verdict.kind) {
        case 'deny':
          throw denial(verdict)
        case 'hold':
          return await once(step, call, keyOf(call, call.target), () => hold(step, call, verdict))
        case 'allow': {
          const key = keyOf(call, call.target)
          return await once(step, call, key, () => run(step, call, key, verdict))
        }
      }
    } catch (thrown) {
      return await refuse(step, knownOf(step, toolDefs, names), asGateError(thrown), ports)
    }
  }

  /** May this caller ever use this tool here? Then: input, facts, and from here on an immutable call. */
  const callOf = async (step: Step, args: Readonly<Record<string, unknown>>): Promise<Call> => {
    const { request } = step
    step.input = maskedInput(shownInput(ports.tools.get(request.tool), args))
    const { tool, target } = admit(request, args, ports)
    step.tool = tool
    step.target = target
    let input: unknown
    try {
      input = parseInput(tool, args)
    } catch (thrown) {
      step.input = undefined
      throw thrown
    }
    stopIfPaused(step, target, ports)
    const facts = await tool.facts(input, looks.look(target))
    const reason = args.reason
    step.call = Object.freeze({
      id: step.callId,
      at: step.at,
      caller: request.caller,
      tool: tool.name,
      target,
      input,
      facts,
      ...(typeof reason === 'string' ? { reason } : {}),
    })
    return step.call
  }

  const maskedInput = (args: unknown): Masked<string> =>
    JSON.stringify(ports.masker.fields(args as Json, { profile: [], known: [] })) as Masked<string>

  /** A repetition attaches to the call that it repeats, and leaves its own `call.received`. */
  const attach = async (step: Step, callId: string): Promise<Reply> => {
    await ports.log.append([
      receivedOf(step, knownOf(step, toolDefs, names), ports, { attached: callId }),
    ])
    return follow(callId, step, ports.waitMs, f)
  }

  const once = async (
    step: Step,
    call: Call,
    key: string,
    go: () => Promise<Reply>,
  ): Promise<Reply> => {
    const given = (call.input as { idempotency_key?: unknown }).idempotency_key
    if (typeof given === 'string') {
      const own = ports.once.hash(
        'key',
        JSON.stringify([
          call.caller.iss,
          call.caller.sub,
          call.caller.client,
          call.tool,
          call.target.name,
          given,
        ]),
      )
      const had = await ports.once.take(
        own,
        ports.once.hash('input', canonicalInput(call.input)),
        call.id,
      )
      if (!had.taken) {
        if (!had.sameInput)
          throw new GateError('INPUT_REFUSED', 'This idempotency_key was used for another input.', {
            hint: 'Use a new key for a new call.',
          })
        const traces =
          registry.byId(had.callId, call.caller) ??
          (await ports.approvals.get(had.callId, call.caller)) ??
          (await ports.outcome(had.callId, call.caller))
        if (traces) return attach(step, had.callId)
        if (!(await ports.once.replace(own, had.callId, call.id)))
          throw new GateError(
            'CANCELLED',
            'A call with this idempotency_key has just begun and has no record yet; this one was not run.',
            { retry: true, hint: 'Send it again with the same key; within a minute it is known.' },
          )
      }
    } else {
      const same = repeated(call, key, registry)
      if (same) return attach(step, same.callId)
    }
    try {
      return await go()
    } catch (thrown) {
      if (!(thrown instanceof ClaimLost)) throw thrown
      const holder = await ports.once.holder(ports.once.hash('same', key))
      if (holder === undefined)
        throw new GateError(
          'CANCELLED',
          'The same call was running elsewhere and has just ended.',
          { retry: true },
        )
      const reply = await attach(step, holder)
      // Its gateway may be gone: whoever tells the end of a call gives its key free.
      if (!reply.open) await ports.once.release(ports.once.hash('same', key), holder)
      return reply
    }
  }

  const run = async (
    step: Step,
    call: Call,
    key: string,
    verdict: Step['verdict'] & { kind: 'allow' },
  ): Promise<Reply> => {
    step.targetIdentity = await looks.identity(call.target)
    const known = knownOf(step, toolDefs, names)
    const { tool } = step
    if (!tool) throw new GateError('INTERNAL', 'A call without its tool.')
    const running = startRun(
      { call, tool, known, verdict, key, before: [receivedOf(step, known, ports)] },
      ports,
      registry,
    )
    return answer(running, step.request, ports.waitMs, registry)
  }

  const hold = async (
    step: Step,
    call: Call,
    verdict: Step['verdict'] & { kind: 'hold' },
  ): Promise<Reply> => {
    const { tool } = step
    if (!tool) throw new GateError('INTERNAL', 'A call without its tool.')
    step.targetIdentity = await looks.identity(call.target)
    const same = await ports.approvals.same(call.caller, call.tool, step.targetIdentity, call.input)
    if (same) return attach(step, same.callId)
    const { receipt } = await requestApproval(
      step,
      knownOf(step, toolDefs, names),
      call,
      verdict,
      tool,
      ports,
    )
    try {
      return await follow(call.id, step, ports.waitMs, f, receipt)
    } catch (thrown) {
      // The request is on record; only its end is to be told.
      const error = asGateError(thrown)
      return refusedReply(call.id, receipt, refusal(error))
    }
  }

  return {
    list: async (caller) =>
      [...listings.values()].filter((tool) => {
        const own = ports.tools.get(tool.name)
        return !own || usable(caller, own, ports).length > 0
      }),
    handle: async (request) => {
      inFlight += 1
      const startedAt = performance.now()
      try {
        const reply = await handle(request)
        ports.measure?.({
          tool: names.has(request.tool) ? request.tool : 'unknown',
          isError: reply.isError,
          ms: performance.now() - startedAt,
        })
        return reply
      } finally {
        inFlight -= 1
      }
    },
    delivered: (callId) => {
      const running = registry.peek(callId)
      if (!registry.delivered(callId)) return
      if (running && running.effect !== 'read')
        void ports.once
          .release(ports.once.hash('same', running.key), callId)
          .catch((thrown: unknown) =>
            ports.report(asGateError(thrown), { call_id: callId, step: 'release' }),
          )
    },
    inFlight: () => inFlight + registry.count(),
    drain: async (ms) => {
      stopping.abort()
      const until = performance.now() + ms
      while (inFlight + registry.count() > 0 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 20))
    },
  }
}

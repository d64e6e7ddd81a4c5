/** One run: intent (durable) -> lease -> run -> mask -> result (durable). Laws 1, 4, 5 and 6 live here. */
import { asGateError, ClaimLost, GateError } from '../errors.ts'
import type {
  Call,
  Claim,
  Entry,
  Json,
  Lease,
  MaskedOutput,
  MaskProfile,
  Output,
  Receipt,
  Session,
  Target,
} from '../types.ts'
import * as entries from './entries.ts'
import type { Finished, Ports } from './ports.ts'

export interface Run {
  readonly known: entries.Known
  readonly target: Target
  /** Purpose of the credential. */
  readonly purpose: string
  readonly masking: MaskProfile
  readonly callerView: Pick<Call['caller'], 'iss' | 'sub' | 'groups'>
  /** The preview that an approved call's approvers saw. */
  readonly approved?: Json
  /** Appended together with the intent. */
  readonly before: readonly Entry[]
  readonly intent: Entry
  readonly claim?: Claim
  readonly writes: boolean
  run(session: Session): Promise<Output>
}

/** A run may overstay its limit by this much before it is called timed out, so that the tool's own, better answer comes first. */
const graceMs = 2_000

/** Rejects with ClaimLost or AUDIT_UNAVAILABLE when there is no intent; otherwise always resolves, with the terminal event written or handed to `later`. */
export const execute = async (
  run: Run,
  ports: Ports,
  abort: AbortController,
): Promise<Finished> => {
  const appended = await append(ports, [...run.before, run.intent], run.claim)
  const parent = appended.at(-1)?.leaf
  if (parent === undefined)
    throw new GateError(
      'AUDIT_UNAVAILABLE',
      'The intent of this call could not be recorded, so it was not run.',
    )
  const startedAt = performance.now()
  const tookUs = () => Math.round((performance.now() - startedAt) * 1_000)
  let lease: Lease | undefined
  try {
    const output = await (async () => {
      lease = ownCredential(run.target)
        ? configured
        : await ports.vault.lease(credentialName(run.target, run.purpose), run.known.callId)
      // Between the intent and the run (a vault may take its time, a process may stand still) the stream may have been
      // taken over: then somebody else ends this call. Nothing waits between this line and the run.
      ports.log.ready()
      return withDeadline(run, lease, ports, parent, abort)
    })()
    const known = [...(lease?.known ?? []), ...(output.known ?? [])]
    const masked = await mask(output, run, known, ports, parent)
    return await finish(
      ports,
      entries.result(run.known, parent, masked, ports.masker.rules, tookUs()),
      masked.json,
    )
  } catch (thrown) {
    const error = asGateError(thrown)
    ports.report(error, {
      call_id: run.known.callId,
      tool: run.known.tool,
      target: run.target.name,
    })
    return await finish(ports, entries.failed(run.known, parent, error, tookUs()), error)
  } finally {
    await lease
      ?.end()
      .catch((thrown: unknown) =>
        ports.report(asGateError(thrown), { call_id: run.known.callId, step: 'lease end' }),
      )
  }
}

/** A kubeconfig names its own user, and an HTTP service may ask for none; `credentials` of the target, where there are any, stand in its place. */
const ownCredential = (target: Target): boolean =>
  (target.kind === 'kubernetes' || target.kind === 'http') &&
  Object.keys(target.credentials).length === 0
const configured: Lease = {
  credential: { name: '', version: '', reveal: () => ({}) },
  known: [],
  end: async () => {},
}

const credentialName = (target: Target, purpose: string): string => {
  const name = target.credentials[purpose]
  if (name !== undefined) return name
  throw new GateError(
    'TARGET_UNREACHABLE',
    `The target has no credential for the purpose "${purpose}".`,
    {
      hint: "An administrator names one under the target's `credentials`.",
    },
  )
}

const tooLate = (run: Run, seconds: number): GateError =>
  new GateError(
    run.writes ? 'OUTCOME_UNKNOWN' : 'TIMEOUT',
    `The target gave no answer within ${seconds} s.`,
    { hint: 'Ask for less, or look at what the target is doing.' },
  )

/** At its limit the run is told; who does not answer even then is left behind. */
const withDeadline = async (
  run: Run,
  lease: Lease,
  ports: Ports,
  parent: string,
  abort: AbortController,
): Promise<Output> => {
  const { limits } = run.target
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abort.abort(new DOMException('The run took too long.', 'TimeoutError'))
      timer = setTimeout(() => reject(tooLate(run, limits.seconds)), limits.connectMs + graceMs)
    }, limits.seconds * 1_000)
  })
  try {
    const session: Session = {
      callId: run.known.callId,
      target: run.target,
      credential: lease.credential,
      limits,
      signal: abort.signal,
      caller: run.callerView,
      ...(run.approved === undefined ? {} : { approved: run.approved }),
      prepared: async (detail) => {
        ports.log.ready()
        await append(ports, [entries.prepared(run.known, parent, detail)])
      },
    }
    return await Promise.race([run.run(session), overdue])
  } finally {
    clearTimeout(timer)
  }
}

const mask = async (
  output: Output,
  run: Run,
  known: readonly string[],
  ports: Ports,
  parent: string,
): Promise<MaskedOutput> => {
  try {
    return await ports.masker.output(output, { target: run.target, profile: run.masking, known })
  } catch (cause) {
    await append(ports, [entries.maskFailed(run.known, parent)]).catch(() =>
      ports.later(entries.maskFailed(run.known, parent)),
    )
    throw new GateError(
      'OUTPUT_WITHHELD',
      'The call ran, but its output could not be masked, so it is withheld.',
      {
        cause,
        hint: run.writes
          ? 'Do not repeat the call: what it changed is changed.'
          : 'Ask for less output or other columns.',
      },
    )
  }
}

/** Law 1, second half: nothing is returned that the log does not hold. */
export const finish = async (
  ports: Ports,
  terminal: Entry,
  what: MaskedOutput['json'] | GateError,
): Promise<Finished> => {
  try {
    const [receipt] = await append(ports, [terminal])
    if (receipt === undefined) throw new GateError('AUDIT_UNAVAILABLE', 'The log gave no receipt.')
    return what instanceof GateError
      ? { ok: false, error: what, receipt }
      : { ok: true, json: what, receipt }
  } catch (thrown) {
    ports.later(terminal)
    return {
      ok: false,
      error: new GateError(
        'AUDIT_UNAVAILABLE',
        'The call ran, but its result could not be recorded yet, so it is withheld.',
        {
          cause: thrown,
          hint: 'call_wait with this call_id returns the result once the log is back. Do not send the call again.',
        },
      ),
    }
  }
}

const append = async (
  ports: Ports,
  list: readonly Entry[],
  claim?: Claim,
): Promise<readonly Receipt[]> => {
  try {
    return await ports.log.append(list, claim)
  } catch (thrown) {
    if (thrown instanceof ClaimLost || thrown instanceof GateError) throw thrown
    throw new GateError(
      'AUDIT_UNAVAILABLE',
      'This call could not be recorded, so it was not run.',
      { cause: thrown, retry: true },
    )
  }
}

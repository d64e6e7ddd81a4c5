/** One command from its start to its end: output kept up to the cap, stopped in time, its exit code read. */
import { GateError } from '../../errors.ts'
import type { Chunk, Output } from '../../types.ts'
import type { Api } from './api.ts'
import { openExec, type Running } from './exec-socket.ts'
import { lost, type Status } from './failure.ts'

export interface Process {
  /** Path with query. */
  readonly path: string
  /** Name of the program, as it was given. */
  readonly program: string
  readonly stdin: string | undefined
  /** It only reads: at a cap it may be stopped, and nothing is lost with it. */
  readonly reads: boolean
  readonly timeoutMs: number
}

type Stop = 'bytes' | 'seconds' | 'cancelled'

/** Chunks that are near in time are one. */
const togetherMs = 50
const longestSecret = 4_096

class Collector {
  private readonly most: number
  private readonly parts: { stream: Chunk['stream']; atMs: number; buffers: Buffer[] }[] = []
  private readonly startedAt = performance.now()
  private kept = 0
  total = 0

  constructor(most: number) {
    this.most = most
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt)
  }
  get over(): boolean {
    return this.total > this.kept
  }

  add(stream: Chunk['stream'], bytes: Buffer): void {
    this.total += bytes.length
    const taken = bytes.subarray(0, this.most - this.kept)
    if (taken.length === 0) return
    this.kept += taken.length
    // A copy: what came with it in one packet is not kept.
    const copy = Buffer.from(taken)
    const last = this.parts.at(-1)
    const atMs = this.elapsedMs
    if (last?.stream === stream && atMs - last.atMs < togetherMs) last.buffers.push(copy)
    else this.parts.push({ stream, atMs, buffers: [copy] })
  }

  chunks(): readonly Chunk[] {
    const chunks = this.parts.map(({ stream, atMs, buffers }) => ({
      stream,
      atMs,
      bytes: Buffer.concat(buffers),
    }))
    const last = chunks.pop()
    if (last === undefined || !this.over) return last === undefined ? chunks : [...chunks, last]
    // Cut at the end of a line: a part of a secret would not be known as one.
    const line = last.bytes.lastIndexOf(10) + 1
    const end = line > 0 ? line : Math.max(0, last.bytes.length - longestSecret)
    return [...chunks, { ...last, bytes: last.bytes.subarray(0, end) }]
  }
}

const lostSight = (cause?: unknown): GateError =>
  new GateError(
    'OUTCOME_UNKNOWN',
    'The command may have changed something, and nobody saw it end.',
    {
      hint: 'Look at what it should have changed before you send it again.',
      retry: false,
      cause,
    },
  )

/**
 * Runs the command. Throws `Refused` when the cluster did not start it; CANCELLED, TARGET_UNREACHABLE and its kin, and
 * OUTCOME_UNKNOWN when a command that may have changed something was lost sight of.
 */
export const runProcess = async (api: Api, asked: Process): Promise<Output> => {
  const { session } = api
  const { limits, signal } = session
  const collector = new Collector(limits.bytes)
  let running: Running | undefined
  let stop: Stop | undefined
  let finish = (_: Status | undefined): void => {}
  const ended = new Promise<Status | undefined>((done) => {
    finish = done
  })
  const halt = (why: Stop): void => {
    stop ??= why
    running?.stop()
    finish(undefined)
  }
  const abort = (): void =>
    halt(
      signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
        ? 'seconds'
        : 'cancelled',
    )
  const timer = setTimeout(() => halt('seconds'), asked.timeoutMs)
  signal.addEventListener('abort', abort, { once: true })
  try {
    if (signal.aborted) throw lost(signal.reason, session, false)
    const opening = openExec(
      api.way,
      {
        path: asked.path,
        headers: api.headers,
        stdin: asked.stdin,
        connectMs: limits.connectMs,
        startMs: asked.timeoutMs,
      },
      {
        data: (stream, bytes) => {
          collector.add(stream, bytes)
          if (asked.reads && collector.over) halt('bytes')
        },
        end: (status) => finish(status),
      },
    )
    // Stopped before it began: whoever opens it later is told to stop.
    opening.then(
      (opened) => {
        if (stop !== undefined) opened.stop()
      },
      () => {},
    )
    const opened = await Promise.race([opening, ended.then(() => undefined)])
    running = opened
    if (opened === undefined && stop !== undefined && collector.total === 0)
      throw notBegun(stop, asked, api)
    return result(asked, collector, await ended, stop, api)
  } catch (thrown) {
    if (
      thrown instanceof Error &&
      thrown.name === 'Lost' &&
      !asked.reads &&
      'sent' in thrown &&
      thrown.sent
    )
      throw lostSight(thrown)
    throw thrown instanceof Error && thrown.name === 'Lost' ? lost(thrown, session, false) : thrown
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    running?.stop()
  }
}

const notBegun = (stop: Stop, asked: Process, { session }: Api): GateError => {
  if (!asked.reads) return lostSight()
  return stop === 'cancelled'
    ? new GateError('CANCELLED', 'The call was cancelled; the command was stopped.')
    : new GateError('TIMEOUT', `${session.target.name} did not begin the command in time.`, {
        retry: true,
      })
}

/** Undefined when the command did not end by itself. */
const exitCode = (status: Status | undefined): number | undefined => {
  if (status === undefined) return undefined
  const causes = status.details?.causes
  const code = causes?.find(({ reason }) => reason === 'ExitCode')?.message
  if (code !== undefined && /^\d{1,3}$/.test(code)) return Number(code)
  return status.reason === undefined && causes === undefined && status.message === undefined
    ? 0
    : undefined
}

const result = (
  asked: Process,
  collector: Collector,
  status: Status | undefined,
  stop: Stop | undefined,
  { session }: Api,
): Output => {
  const code = exitCode(status)
  if (code === undefined) {
    if (stop === undefined && status !== undefined) throw notRun(asked, status)
    if (!asked.reads) throw lostSight()
    if (stop === 'cancelled')
      throw new GateError('CANCELLED', 'The call was cancelled; the command was stopped.')
    if (stop === undefined)
      throw new GateError(
        'TARGET_UNREACHABLE',
        `${session.target.name} broke off before the command ended.`,
        {
          retry: true,
          hint: 'The pod may have ended: look at it with kube_get.',
        },
      )
  }
  const stopped = stop ?? (collector.over ? 'bytes' : undefined)
  return {
    kind: 'process',
    chunks: collector.chunks(),
    truncated: stopped !== undefined,
    fields: {
      ...(code === undefined ? {} : { exit_code: code }),
      ...(stopped === undefined || stopped === 'cancelled' ? {} : { stopped }),
      ...(collector.over && !asked.reads ? { output_bytes: collector.total } : {}),
      duration_ms: collector.elapsedMs,
    },
  }
}

/** The cluster's own failure to run it, in our words: its text quotes paths and commands. */
const notRun = (asked: Process, status: Status): GateError => {
  const said = status.message ?? ''
  const teaching = { cause: new Error(said) }
  if (/executable file not found|no such file or directory|not found in \$PATH/i.test(said))
    return new GateError('TARGET_FAILED', 'The container has no such program. Nothing was run.', {
      ...teaching,
      hint: 'Many images have no shell and few programs.',
    })
  if (/permission denied/i.test(said))
    return new GateError(
      'TARGET_FAILED',
      'The container may not run that program. Nothing was run.',
      teaching,
    )
  if (/not running|not found|is terminated|unable to upgrade/i.test(said) || asked.reads)
    return new GateError(
      'TARGET_FAILED',
      'The cluster could not run the command in this container.',
      {
        ...teaching,
        hint: 'The container may have ended: look at the pod with kube_get.',
      },
    )
  return lostSight(teaching.cause)
}

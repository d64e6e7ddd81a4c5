/** `countersign audit export`: a copy of the log that verifies without us; that it was made is recorded first. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Exported, exportBundle } from '../audit/bundle/export.ts'
import { openLog } from '../audit/stream/stream.ts'
import { systemEntry } from '../audit/stream/system.ts'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import { buildHash } from '../serve/build.ts'
import { type Evidence, openEvidence } from '../serve/evidence.ts'
import type { Masked } from '../types.ts'
import { configOf, globalsOf, Usage } from './common.ts'
import { systemWords } from './system-words.ts'

interface Options {
  readonly from?: string
  readonly to?: string
  readonly out?: string
  readonly payloads: string
  readonly reason?: string
}

export const register = (program: Command): void => {
  const audit = program.commands.find((command) => command.name() === 'audit')
  audit
    ?.command('export')
    .description('a bundle that verifies offline; that it was made is recorded first')
    .option('--from <index>', 'first event: its index in the tree, or a time (2026-11-01T00:00Z)')
    .option('--to <index>', 'one past the last event, or a time; moved on to the next signature')
    .option('--out <file>', 'a new file; standard output when left out')
    .option('--payloads <which>', 'clear, or none: without contents', 'clear')
    .option('--reason <text>', 'why, for the record')
    .action(exportCommand)
}

export interface ExportRequest {
  readonly from?: number
  readonly to?: number
  readonly payloads: 'clear' | 'none'
  readonly reason?: string
  readonly write: (piece: Buffer) => Promise<void>
}

const SIGN_MS = 10_000

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** Writes `export.moved` on a stream of this process's own; the stream's id. */
const recordExport = async (
  config: Config,
  { keys, store }: Evidence,
  { from, payloads, reason, to }: ExportRequest,
): Promise<string> => {
  const log = await openLog({
    database: store.connection,
    pool: store.pool,
    keys,
    log: config.log.name,
    writer: `${hostname()}:${process.pid}`,
    build: buildHash(),
    about: { command: 'audit export' },
  })
  try {
    await log.append([
      {
        ...systemEntry('export.moved', userName(), {
          from: String(from ?? 0),
          to: to === undefined ? '' : String(to),
          payloads,
        }),
        actor: { iss: `os:${hostname()}`, sub: userName(), client: '', groups: [] },
        origin: { via: 'cli', session: '', auth: 'local' },
        ...(reason === undefined
          ? {}
          : { parts: [{ kind: 'input', bytes: reason as Masked<string> }] }),
      },
    ])
  } finally {
    await log.close()
  }
  return log.streamId
}

/** Whether the record of the export was signed within the time; it is in the bundle then. */
const signedBy = async ({ store }: Evidence, stream: string, ms: number): Promise<boolean> => {
  for (const until = performance.now() + ms; performance.now() < until; await pause(100)) {
    const { rows } = await store.pool.query<{ signed: boolean }>(
      `select count(*) >= 3 and coalesce(max(idx), 0) < (select coalesce(max(size), 0) from audit.checkpoint) as signed
       from audit.leaf where stream_id = $1`,
      [stream],
    )
    if (rows[0]?.signed === true) return true
  }
  return false
}

/** Records, waits for the signature, writes. */
export const exportLog = async (
  config: Config,
  evidence: Evidence,
  request: ExportRequest,
): Promise<Exported & { readonly covered: boolean }> => {
  const stream = await recordExport(config, evidence, request)
  const covered = await signedBy(evidence, stream, SIGN_MS)
  const { from, payloads, to, write } = request
  const done = await exportBundle({
    pool: evidence.store.pool,
    keys: evidence.keys,
    log: config.log.name,
    payloads,
    write,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  })
  return { ...done, covered }
}

/** A sink that waits for the stream behind it. `close` resolves when all is written. */
export const fileSink = (file: string | undefined) => {
  const stream =
    file === undefined ? process.stdout : createWriteStream(file, { flags: 'wx', mode: 0o600 })
  let failed: Error | undefined
  let made = false
  stream.on('error', (error: Error) => {
    failed = error
  })
  stream.on('open', () => {
    made = true
  })
  const stop = (): never => {
    throw new GateError(
      'CONFIG_INVALID',
      `The bundle can not be written: ${systemWords(failed) ?? failed?.message ?? ''}`,
    )
  }
  return {
    async write(piece: Buffer): Promise<void> {
      if (failed) stop()
      if (!stream.write(piece))
        await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => undefined)
      if (failed) stop()
    },
    async close(): Promise<void> {
      if (file !== undefined) {
        const ended = once(stream, 'close')
        stream.end()
        await ended.catch(() => undefined)
      }
      if (failed) stop()
    },
    /** Takes back what is there of a bundle that was not finished; a file that was there before stays. */
    async discard(): Promise<void> {
      if (file === undefined) return
      const ended = stream.closed ? undefined : once(stream, 'close')
      stream.destroy()
      await ended?.catch(() => undefined)
      if (made) await rm(file, { force: true })
    },
  }
}

const whole = /^(0|[1-9]\d{0,14})$/

/** An index as it is; of a time, the first index of an event not before it, or one past the last before it. */
const indexOf = async (
  { store }: Evidence,
  given: string | undefined,
  option: '--from' | '--to',
): Promise<number | undefined> => {
  if (given === undefined) return undefined
  if (whole.test(given)) return Number(given)
  const at = /^\d{4}-/.test(given) ? Date.parse(given) : Number.NaN
  if (Number.isNaN(at)) throw new Usage(`${option} takes an index of the tree or a time.`)
  // An event's id begins with its milliseconds.
  const id = `${at.toString(16).padStart(12, '0')}${'0'.repeat(20)}`
  const { rows } = await store.pool.query<{ found: string | null }>(
    option === '--from'
      ? 'select min(l.idx)::text as found from audit.leaf l join audit.event e using (stream_id, seq) where e.event_id >= $1::uuid'
      : 'select (max(l.idx) + 1)::text as found from audit.leaf l join audit.event e using (stream_id, seq) where e.event_id < $1::uuid',
    [id],
  )
  const found = rows[0]?.found
  if (found === null || found === undefined)
    throw new Usage(`The log has no event ${option === '--from' ? 'since' : 'before'} ${given}.`)
  return Number(found)
}

const exportCommand = async (options: Options, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const { payloads } = options
  if (payloads !== 'clear' && payloads !== 'none')
    throw new Usage('--payloads takes clear or none.')
  const config = configOf(globals)
  const evidence = await openEvidence(config)
  try {
    const from = await indexOf(evidence, options.from, '--from')
    const to = await indexOf(evidence, options.to, '--to')
    const sink = fileSink(options.out)
    const done = await exportLog(config, evidence, {
      payloads,
      write: sink.write,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    }).catch(async (thrown: unknown) => {
      await sink.discard()
      throw thrown
    })
    await sink.close()
    const words = [
      `Events ${done.from} to ${done.to - 1}, signed up to ${done.signed}.`,
      ...(done.covered
        ? []
        : ['No gateway had the record of this export signed in time: it is not in the bundle.']),
      ...(done.broken > 0
        ? [`${done.broken} payload parts can not be opened and are left out.`]
        : []),
    ]
    const out = options.out === undefined ? process.stderr : process.stdout
    out.write(`${globals.json ? JSON.stringify(done) : words.join('\n')}\n`)
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw new Usage(`${thrown.message.slice(0, 1).toUpperCase()}${thrown.message.slice(1)}.`)
    throw thrown
  } finally {
    await evidence.close()
  }
}

/** `countersign replay CALL` or `--session S`: the call again in the terminal, from what the log holds; that you looked is recorded. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Step, stepsOf } from '../audit/reading/replay.ts'
import { GateError } from '../errors.ts'
import { visibleJson } from '../masking/visible.ts'
import { gatewayClient, type ProofOptions } from './client.ts'
import { callIdOf, configOf, globalsOf, inColour, Usage } from './common.ts'
import { withProof } from './pause.ts'

interface Options extends ProofOptions {
  readonly session?: string
  readonly speed: string
  readonly instant?: boolean
  readonly reason: string
}

export const register = (program: Command): void => {
  withProof(
    program
      .command('replay')
      .argument('[call]', 'call id')
      .description('a call as the agent saw it: what was asked, then the output at its own pace')
      .option('--session <id>', 'every call of this session, in order')
      .option('--speed <times>', 'so many times as fast', '1')
      .option('--instant', 'without waiting')
      .requiredOption('--reason <text>', 'why you look; it is recorded'),
  ).action(replayCommand)
}

const told = z.object({
  call: z.object({
    events: z.array(
      z.object({
        header: z.record(z.string(), z.unknown()),
        parts: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
})
const listed = z.object({ calls: z.array(z.string()) })

const codes: Readonly<Record<Step['kind'], string>> = {
  asked: '1',
  note: '2',
  stdout: '0',
  stderr: '33',
  output: '0',
  error: '31',
}

const show = ({ kind, text }: Step): void => {
  const own = kind === 'stdout' || kind === 'stderr'
  const line = own || text.endsWith('\n') ? text : `${text}\n`
  process.stdout.write(inColour() ? `\u001b[${codes[kind]}m${line}\u001b[0m` : line)
}

const speedOf = ({ instant, speed }: Options): number => {
  if (instant === true) return Number.POSITIVE_INFINITY
  const times = Number(speed)
  if (!(times > 0 && times <= 10_000)) throw new Usage('--speed takes a number above 0.')
  return times
}

const replayCommand = async (
  call: string | undefined,
  options: Options,
  command: Command,
): Promise<void> => {
  const globals = globalsOf(command)
  if ((call === undefined) === (options.session === undefined))
    throw new Usage('Replay a call, or a session with --session.')
  const speed = speedOf(options)
  if (call !== undefined) callIdOf(call)
  const client = gatewayClient(configOf(globals), options)
  const ask = (path: string) => client.ask('GET', path)
  const calls =
    call === undefined
      ? listed.parse(await ask(`/api/calls?session=${encodeURIComponent(options.session ?? '')}`))
          .calls
      : [call]
  if (calls.length === 0)
    throw new GateError('TARGET_UNKNOWN', 'The log has no call of this session.', {
      hint: 'The session of a call stands in `countersign audit tail --json`, as origin.session.',
    })
  const gone = new AbortController()
  process.stdout.once('error', () => gone.abort())
  for (const id of calls) {
    if (gone.signal.aborted) return
    const path = `/api/calls/${encodeURIComponent(id)}?reason=${encodeURIComponent(options.reason)}`
    const steps = stepsOf(told.parse(await ask(path)).call.events)
    if (globals.json) {
      process.stdout.write(`${visibleJson(JSON.stringify({ call: id, steps }))}\n`)
      continue
    }
    for (const step of steps) {
      if (gone.signal.aborted) return
      if (step.waitMs > 0 && Number.isFinite(speed)) await pause(step.waitMs / speed)
      show(step)
    }
    process.stdout.write('\n')
  }
}

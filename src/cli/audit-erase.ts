/** `countersign audit erase` and `audit hold`: contents go, proofs stay; each is an event of a proven approver before anything happens. */
import type { Command } from 'commander'
import { z } from 'zod'
import { visible } from '../audit/visible.ts'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import { finishErasures } from '../serve/retention.ts'
import { asEraser } from '../store/eraser.ts'
import { gatewayClient, type ProofOptions } from './client.ts'
import { callIdOf, configOf, globalsOf, print, Usage } from './common.ts'
import { withProof } from './pause.ts'

interface EraseOptions extends ProofOptions {
  readonly call?: string
  readonly caller?: string
  readonly olderThan?: string
  readonly retention?: boolean
  readonly finish?: boolean
  readonly reason?: string
}
interface HoldOptions extends ProofOptions {
  readonly call?: string
  readonly label?: readonly string[]
  readonly reason: string
}

const gather = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

export const register = (program: Command): void => {
  const audit = program.commands.find((command) => command.name() === 'audit')
  if (audit === undefined) return
  withProof(
    audit
      .command('erase')
      .description('erase contents; headers, proofs and signatures stay')
      .option('--call <id>', 'of this call')
      .option('--caller <subject>', "of this person's calls")
      .option('--older-than <age>', 'of events older than this: 400d, 12h')
      .option('--retention', 'of what the windows of log.retention keep no longer')
      .option('--finish', 'only carry out what was recorded; needs no approver')
      .option('--reason <text>', 'why; it is recorded'),
  ).action(eraseCommand)
  const hold = audit.command('hold').description('legal holds: what no erasure may touch')
  withProof(
    hold
      .command('set')
      .description('hold one call, or every call on targets with these labels')
      .option('--call <id>', 'this call')
      .option('--label <key=value>', 'targets with this label; may come again', gather)
      .requiredOption('--reason <text>', 'why; it is recorded'),
  ).action(holdCommand)
  withProof(
    hold
      .command('lift')
      .argument('<hold>', 'id of the hold')
      .description('end a hold')
      .requiredOption('--reason <text>', 'why; it is recorded'),
  ).action(liftCommand)
  withProof(hold.command('list').description('holds in force')).action(listCommand)
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

const beforeOf = (age: string): string => {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(age) ?? []
  const ms = units[unit]
  if (count === undefined || ms === undefined)
    throw new Usage('--older-than takes an age: 400d, 12h or 90m.')
  return new Date(Date.now() - Number(count) * ms).toISOString()
}

const eraserOf = (config: Config): { readonly url?: string; readonly state: string } => {
  if (config.store.url === undefined) return { state: config.state }
  const url = process.env.COUNTERSIGN_ERASER_URL
  if (url === undefined || url === '')
    throw new GateError(
      'CONFIG_INVALID',
      'Erasing takes another login than store.url: set COUNTERSIGN_ERASER_URL to that of a member of countersign_eraser.',
    )
  return { url, state: config.state }
}

const namedForm = z.object({ named: z.number() })

const eraseCommand = async (options: EraseOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const config = configOf(globals)
  const { call, caller, olderThan, reason, retention } = options
  if (call !== undefined) callIdOf(call)
  let named = 0
  if (options.finish !== true) {
    if (!reason) throw new Usage('Say why, with --reason; it is recorded.')
    const before = olderThan === undefined ? undefined : beforeOf(olderThan)
    eraserOf(config)
    const client = gatewayClient(config, options)
    const answer = await client.ask('POST', '/api/erasures', {
      ...(call === undefined ? {} : { call }),
      ...(caller === undefined ? {} : { caller }),
      ...(before === undefined ? {} : { before }),
      ...(retention === undefined ? {} : { retention }),
      reason,
    })
    named = namedForm.parse(answer).named
  }
  const done = await finishErasures(eraserOf(config), config)
  print(
    globals,
    { named, ...done },
    `${named} events named; ${done.parts} payload parts erased, ${done.keys} data keys destroyed.`,
  )
}

const labelsOf = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((one) => {
      const at = one.indexOf('=')
      if (at < 1) throw new Usage('--label takes key=value.')
      return [one.slice(0, at), one.slice(at + 1)]
    }),
  )

const holdCommand = async (options: HoldOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const { call, label, reason } = options
  if ((call === undefined) === (label === undefined))
    throw new Usage('Hold a call with --call, or targets with --label.')
  if (call !== undefined) callIdOf(call)
  const client = gatewayClient(configOf(globals), options)
  const of = label === undefined ? { call } : { labels: labelsOf(label) }
  const answer = await client.ask('POST', '/api/holds', { ...of, reason })
  print(globals, answer, `Held: ${z.object({ hold: z.string() }).parse(answer).hold}`)
}

const liftCommand = async (hold: string, options: HoldOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const config = configOf(globals)
  const eraser = eraserOf(config)
  const client = gatewayClient(config, options)
  const answer = await client.ask('POST', `/api/holds/${encodeURIComponent(hold)}/lift`, {
    reason: options.reason,
  })
  const { event } = z.object({ event: z.string() }).parse(answer)
  await asEraser(eraser, (asked) =>
    asked.query(
      'update audit.legal_hold set lifted_at = clock_timestamp(), lifted_event = $2 where hold_id = $1 and lifted_at is null',
      [hold, event],
    ),
  )
  print(globals, answer, 'The hold is lifted.')
}

const listForm = z.object({
  holds: z.array(
    z.object({
      id: z.string(),
      call: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

const listCommand = async (options: ProofOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const answer = await gatewayClient(configOf(globals), options).ask('GET', '/api/holds')
  const lines = listForm
    .parse(answer)
    .holds.map(({ call, id, labels }) =>
      visible(`${id}  ${call === undefined ? JSON.stringify(labels) : `call ${call}`}`),
    )
  print(globals, answer, lines.length === 0 ? 'Nothing is held.' : lines.join('\n'))
}

/** `countersign approvals list|show|approve|reject`: through the gateway, by an approver who proves to be one each time. */
import type { Command } from 'commander'
import { z } from 'zod'
import { GateError } from '../errors.ts'
import { approvalForm, listText, type Shown, showText } from './approval-text.ts'
import { type GatewayClient, gatewayClient, type ProofOptions } from './client.ts'
import { callIdOf, configOf, type Globals, globalsOf, print, Usage } from './common.ts'
import { withProof } from './pause.ts'

const states = ['requested', 'approved', 'rejected', 'expired', 'cancelled', 'spent'] as const
const listForm = z.object({ approvals: z.array(approvalForm) })

export const register = (program: Command): void => {
  const approvals = program
    .command('approvals')
    .description('held calls: see what waits, look at it, answer it')
  withProof(
    approvals
      .command('list')
      .description('what waits for an answer, or has one and was not run yet'),
  )
    .option('--state <state>', `requests in this state instead: ${states.join(', ')}`)
    .action(list)
  withProof(
    approvals
      .command('show')
      .argument('<call>', 'call id')
      .description('everything that there is to decide by'),
  ).action(show)
  answering(approvals, 'approve', 'let the call run, once')
  answering(approvals, 'reject', 'end the request; the call never runs')
}

const answering = (
  approvals: Command,
  decision: 'approve' | 'reject',
  description: string,
): void => {
  withProof(approvals.command(decision).argument('<call>', 'call id').description(description))
    .option('--comment <text>', 'why, for the record')
    .action((id: string, options: Answering, command: Command) =>
      answer(id, decision, options, command),
    )
}

interface Listing extends ProofOptions {
  readonly state?: string
}
interface Answering extends ProofOptions {
  readonly comment?: string
}

const opened = (
  options: ProofOptions,
  command: Command,
): { client: GatewayClient; globals: Globals } => {
  const globals = globalsOf(command)
  return { client: gatewayClient(configOf(globals), options), globals }
}

const list = async (options: Listing, command: Command): Promise<void> => {
  const state = states.find((known) => known === options.state)
  if (options.state !== undefined && state === undefined)
    throw new Usage(`--state takes one of: ${states.join(', ')}.`)
  const { client, globals } = opened(options, command)
  const answered = await client.ask(
    'GET',
    `/api/approvals${state === undefined ? '' : `?state=${state}`}`,
  )
  print(globals, answered, listText(parsed(listForm, answered).approvals, new Date()))
}

const pathOf = (id: string): string => `/api/approvals/${callIdOf(id)}`

const show = async (id: string, options: ProofOptions, command: Command): Promise<void> => {
  const path = pathOf(id)
  const { client, globals } = opened(options, command)
  const answered = await client.ask('GET', path)
  print(globals, answered, showText(parsed(approvalForm, answered), new Date()))
}

const answer = async (
  id: string,
  decision: 'approve' | 'reject',
  options: Answering,
  command: Command,
): Promise<void> => {
  const path = `${pathOf(id)}/answer`
  const { client, globals } = opened(options, command)
  const { comment } = options
  const answered = await client.ask('POST', path, {
    decision,
    ...(comment === undefined ? {} : { comment }),
  })
  print(globals, answered, afterText(parsed(approvalForm, answered)))
}

const afterText = ({ callId: id, needs, state }: Shown): string => {
  if (state === 'approved') return `Approved: ${id} runs once, when its agent waits for it.`
  if (state === 'rejected') return `Rejected: ${id} never runs.`
  const asked = needs.map(({ groups, quorum }) => `${quorum} of ${groups.join(', ')}`).join(' and ')
  return `Recorded. ${id} waits for more answers: ${asked}.`
}

const parsed = <T extends z.ZodType>(form: T, value: unknown): z.output<T> => {
  const result = form.safeParse(value)
  if (result.success) return result.data
  throw new GateError(
    'INTERNAL',
    'The gateway answered in a form that this version does not know.',
    { cause: result.error },
  )
}

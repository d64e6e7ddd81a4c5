/** ssh_run: one command on a host, judged by what a real parser found in it. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { SshTarget, Tool } from '../../types.ts'
import { argvFacts, shellFacts } from '../shell/facts.ts'
import type { ShellFacts } from '../shell/types.ts'
import { lineOf } from './command.ts'
import { checkPath, idempotencyKey, outputs, path, reason, shellOptions, target } from './inputs.ts'
import type { Pool } from './pool.ts'
import { runProcess } from './process.ts'

/** Bounds that the schema leaves out for the model's sake. */
const mostWords = 500
const input = z.strictObject({
  target,
  command: z.string().max(20_000).optional(),
  argv: z.array(z.string()).optional(),
  cwd: path.optional(),
  stdin: z.string().max(1_000_000).optional(),
  timeout_s: z.int().min(1).max(3600).optional(),
  reason,
  idempotency_key: idempotencyKey,
})
type Input = z.output<typeof input>

const judge = (given: Input, of: SshTarget): ShellFacts => {
  if ((given.command === undefined) === (given.argv === undefined)) {
    throw new GateError('INPUT_REFUSED', 'Give either command or argv.', {
      hint: 'command is shell text, argv is words that no shell reads.',
    })
  }
  if (given.cwd !== undefined) checkPath(given.cwd)
  const options = { ...shellOptions(of), ...(given.cwd !== undefined ? { cwd: given.cwd } : {}) }
  if (given.argv === undefined) {
    if (given.command?.trim() === '') throw new GateError('INPUT_REFUSED', 'The command is empty.')
    return shellFacts(given.command ?? '', of.shell, options)
  }
  if (given.argv.length > mostWords)
    throw new GateError('INPUT_REFUSED', 'argv has too many words.')
  if (/^-|^$/.test(given.argv[0] ?? ''))
    throw new GateError('INPUT_REFUSED', 'The first word of argv is the name of a program.')
  return argvFacts(given.argv, options)
}

export const sshRun = (pool: Pool): Tool<typeof input, ShellFacts, SshTarget> => ({
  name: 'ssh_run',
  title: 'Run a command on a host',
  description: 'Runs sh text (command) or words (argv).',
  kind: 'ssh',
  input,
  output: {
    stdout: outputs.text,
    stderr: outputs.text,
    exit_code: outputs.number,
    signal: outputs.text,
    duration_ms: outputs.number,
    output_bytes: outputs.number,
    truncated: outputs.boolean,
    stopped: { enum: ['bytes', 'seconds'] },
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
  factKinds: {
    programs: 'strings',
    paths: 'strings',
    writes_paths: 'strings',
    hosts: 'strings',
    statements: 'long',
  },
  ceiling: 'admin',
  facts: async (given, look) => {
    // Too long a line is refused before anybody approves it.
    lineOf(look.target, given)
    return judge(given, look.target)
  },
  credential: () => 'run',
  run: (given, facts, session) => {
    const { limits, signal } = session
    const line = lineOf(session.target, given, facts.words)
    return pool.use(session, (connection) =>
      runProcess(connection, {
        line,
        stdin: given.stdin ?? (session.target.forcedCommand ? '' : undefined),
        reads: facts.effect === 'read',
        bytes: limits.bytes,
        timeoutMs: Math.min(given.timeout_s ?? limits.seconds, limits.seconds) * 1000,
        signal,
      }),
    )
  },
})

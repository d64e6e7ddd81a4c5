/** `countersign secrets set|list`: secrets of `store:` references, set through the gateway by a proven approver. */
import type { Command } from 'commander'
import { z } from 'zod'
import { GateError } from '../errors.ts'
import { visible } from '../masking/visible.ts'
import { gatewayClient, type ProofOptions } from './client.ts'
import { configOf, globalsOf, print, Usage } from './common.ts'
import { withProof } from './pause.ts'
import { openTerminal } from './terminal.ts'

const keyForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const mostBytes = 64 * 1024
const listForm = z.object({
  secrets: z.array(
    z.object({
      name: z.string(),
      version: z.number(),
      set_at: z.string(),
      set_by: z.string(),
      readable: z.boolean(),
    }),
  ),
})

export const register = (program: Command): void => {
  const secrets = program
    .command('secrets')
    .description("secrets that the store keeps, encrypted under the vault's key")
  withProof(
    secrets
      .command('set')
      .argument('<key>', 'the KEY of store:KEY')
      .description(
        'set a secret, read from standard input or asked on the terminal; never from the command line',
      ),
  ).action(set)
  withProof(secrets.command('list').description('names, versions and dates; never a value')).action(
    list,
  )
}

const set = async (key: string, options: ProofOptions, command: Command): Promise<void> => {
  if (!keyForm.test(key))
    throw new Usage('A key has letters, digits, dots, dashes and underscores, at most 128.')
  const globals = globalsOf(command)
  const client = gatewayClient(configOf(globals), options)
  const value = process.stdin.isTTY === true ? await asked(key) : await piped()
  if (value === '') throw new Usage('The secret is empty.')
  const answer = await client.ask('PUT', `/api/secrets/${key}`, { value })
  print(globals, answer, `Set: store:${key}. Calls use it within five seconds.`)
}

const asked = async (key: string): Promise<string> => {
  const terminal = openTerminal()
  try {
    const first = await terminal.ask(
      `Secret ${key} (a text, or {"username": .., "password": ..}): `,
      { hidden: true },
    )
    const again = await terminal.ask('Once more: ', { hidden: true })
    if (first !== again) throw new Usage('The two are not the same.')
    return first
  } finally {
    terminal.close()
  }
}

/** Standard input to its end, without the line break that `echo` adds. */
const piped = async (): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Usage(`A secret has at most ${mostBytes} bytes.`)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true })
      .decode(Buffer.concat(chunks))
      .replace(/\r?\n$/, '')
  } catch {
    throw new Usage('The secret is no UTF-8 text.')
  }
}

const list = async (options: ProofOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const answer = await gatewayClient(configOf(globals), options).ask('GET', '/api/secrets')
  const found = listForm.safeParse(answer)
  if (!found.success)
    throw new GateError(
      'INTERNAL',
      'The gateway answered in a form that this version does not know.',
      { cause: found.error },
    )
  const lines = found.data.secrets.map(({ name, readable, set_at, set_by, version }) =>
    [
      `store:${name}`,
      `version ${version}`,
      `set ${set_at} by ${visible(set_by)}`,
      ...(readable ? [] : ['NOT READABLE: another vault key encrypted it']),
    ].join('  '),
  )
  print(globals, answer, lines.length === 0 ? 'No secrets are set.' : lines.join('\n'))
}

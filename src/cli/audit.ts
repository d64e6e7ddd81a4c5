/** `countersign audit tail|show|verify`: the log as it grows, the story of a call, and whether anything was changed. */
import type { Command } from 'commander'
import type pg from 'pg'
import { z } from 'zod'
import { bundleVerificationJson, formatBundleVerification } from '../audit/bundle/offline-format.ts'
import { writeReceipt } from '../audit/bundle/receipt.ts'
import {
  eventJson,
  formatEvent,
  formatStory,
  formatVerification,
  verificationJson,
} from '../audit/reading/format.ts'
import { type ReadPart, storedEventOf } from '../audit/reading/read.ts'
import { type Cursor, tail } from '../audit/reading/tail.ts'
import { verifyStore } from '../audit/verify/verify.ts'
import { GateError } from '../errors.ts'
import { decideRecorded } from '../guards/policy/recorded.ts'
import { visibleJson } from '../masking/visible.ts'
import { openEvidence } from '../serve/evidence.ts'
import { readKeys, verifyFile } from './audit-verify.ts'
import { gatewayClient } from './client.ts'
import { callIdOf, configOf, globalsOf, inColour, Usage } from './common.ts'
import { withProof } from './pause.ts'

const look = () => ({ color: inColour() })
const write = (line: string): void => void process.stdout.write(`${line}\n`)

export const register = (program: Command): void => {
  const audit = program
    .command('audit')
    .description('look at the log, verify it, take copies, erase contents')
  audit
    .command('tail')
    .description('events as they become durable; names only, no contents')
    .option('--follow', 'go on as events come')
    .option('--last <n>', 'begin with so many past events', '10')
    .option('--from <cursor>', 'go on after a cursor that an earlier tail printed (--json)')
    .action(tailCommand)
  withProof(
    audit
      .command('show')
      .argument('<call>', 'call id')
      .description('the story of a call with its contents; that you looked is recorded')
      .option('--reason <text>', 'why you look; it is recorded')
      .option('--receipt', "no contents: the proof of the call's last event, which verifies alone")
      .action(showCommand),
  )
  audit
    .command('verify')
    .argument('[file]', 'a bundle or a receipt, verified by itself; left out: the store')
    .description('check every stream, chain, decision and payload of a bundle or of the store')
    .option('--key <file>', "the notary's public key (notary.pub); may come again", gather)
    .option('--anchor <file>', 'an anchor of your own, or a folder of them; may come again', gather)
    .action(verifyCommand)
}

const gather = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

const cursorForm = z.record(z.string(), z.string().regex(/^\d{1,18}$/))

const cursorOf = (text: string): Cursor => {
  try {
    return cursorForm.parse(JSON.parse(text))
  } catch {
    throw new Usage('--from takes the cursor that an earlier tail printed.')
  }
}

const tailCommand = async (
  options: { follow?: boolean; last: string; from?: string },
  command: Command,
): Promise<void> => {
  const globals = globalsOf(command)
  if (!/^\d{1,6}$/.test(options.last)) throw new Usage('--last takes a number.')
  const from = options.from === undefined ? undefined : cursorOf(options.from)
  const evidence = await openEvidence(configOf(globals))
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  process.stdout.once('error', end)
  try {
    const pieces = tail({
      pool: evidence.store.pool,
      last: Number(options.last),
      follow: options.follow === true,
      signal: stop.signal,
      ...(from === undefined ? {} : { from }),
    })
    for await (const { events, cursor } of pieces) {
      for (const event of events)
        write(globals.json ? eventJson(event) : formatEvent(event, look()))
      if (globals.json) write(JSON.stringify({ cursor }))
    }
  } finally {
    await evidence.close()
  }
}

const told = z.object({
  call: z.object({
    call_id: z.string(),
    events: z.array(
      z.object({ header: z.unknown(), leaf: z.string(), parts: z.record(z.string(), z.unknown()) }),
    ),
  }),
})

const showCommand = async (
  call: string,
  options: { reason?: string; receipt?: boolean; as?: string; tokenFile?: string },
  command: Command,
): Promise<void> => {
  const globals = globalsOf(command)
  callIdOf(call)
  if (options.receipt === true) return receiptCommand(call, command)
  if (!options.reason) throw new Usage('Say why you look, with --reason; it is recorded.')
  const client = gatewayClient(configOf(globals), options)
  const answer = await client.ask(
    'GET',
    `/api/calls/${encodeURIComponent(call)}?reason=${encodeURIComponent(options.reason)}`,
  )
  if (globals.json) return write(visibleJson(JSON.stringify(answer)))
  const { events } = told.parse(answer).call
  write(
    formatStory(
      events.map(({ header, leaf, parts }) => ({
        event: storedEventOf(header, leaf),
        parts: Object.entries(parts).map(partOf),
      })),
      look(),
    ),
  )
}

const receiptCommand = async (call: string, command: Command): Promise<void> => {
  const evidence = await openEvidence(configOf(globalsOf(command)))
  try {
    const { pool } = evidence.store
    const last = (await storyOf(pool, call)).at(-1)
    if (last === undefined)
      throw new GateError('TARGET_UNKNOWN', 'The log has no call with this id.')
    const ask = async (text: string, values: readonly unknown[]) =>
      (await pool.query(text, [...values])).rows
    const receipt = await writeReceipt(ask, last)
    if (receipt === undefined)
      throw new GateError('AUDIT_UNAVAILABLE', 'No checkpoint covers this call yet.', {
        hint: 'Try again in a few seconds, with a gateway running.',
      })
    process.stdout.write(receipt)
  } finally {
    await evidence.close()
  }
}

/** Leaves of the call's own events, oldest first; that it was looked at is no part of it. */
const storyOf = async (pool: pg.Pool, call: string): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ leaf: string }>(
    `select encode(leaf, 'hex') as leaf from audit.event
     where call_id = $1 and type not in ('access.viewed', 'legal.hold') order by event_id`,
    [call],
  )
  return rows.map(({ leaf }) => leaf)
}

/** Parts come from the gateway as text or JSON; erased ones say so. */
const partOf = ([kind, value]: [string, unknown]): ReadPart => {
  const named = kind as ReadPart['kind']
  const missing = z.object({ missing: z.enum(['erased', 'broken']) }).safeParse(value)
  if (missing.success) return { kind: named, missing: missing.data.missing }
  return {
    kind: named,
    bytes: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value, null, 2)),
  }
}

const verifyCommand = async (
  file: string | undefined,
  options: { key?: readonly string[]; anchor?: readonly string[] },
  command: Command,
): Promise<void> => {
  const globals = globalsOf(command)
  if (file !== undefined) {
    const found = await verifyFile(file, options)
    write(globals.json ? bundleVerificationJson(found) : formatBundleVerification(found))
    process.exitCode = found.exit
    return
  }
  if (options.anchor !== undefined)
    throw new Usage(
      'An anchor is compared with a bundle: countersign audit export --out bundle, then audit verify bundle --key notary.pub --anchor FILE.',
    )
  const config = configOf(globals)
  const evidence = await openEvidence(config)
  try {
    const seen = await verifyStore({
      pool: evidence.store.pool,
      log: config.log.name,
      keys: evidence.keys,
      decide: decideRecorded,
      embedded: evidence.store.kind === 'embedded',
      ...(options.key ? { trusted: await readKeys(options.key) } : {}),
    })
    write(globals.json ? verificationJson(seen) : formatVerification(seen, look()))
    process.exitCode = seen.exit
  } finally {
    await evidence.close()
  }
}

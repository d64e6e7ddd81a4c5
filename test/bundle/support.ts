/** A signed log with calls of every kind, its bundle as a file, and hands that change bundles. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportBundle } from '../../src/audit/bundle/export.ts'
import { verifyBundle } from '../../src/audit/bundle/offline.ts'
import { canonicalText } from '../../src/audit/bundle/text.ts'
import type { OfflineOptions } from '../../src/audit/bundle/verification.ts'
import { leafHash } from '../../src/audit/stream/header.ts'
import { openLog } from '../../src/audit/stream/stream.ts'
import { signCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { startLeader } from '../../src/audit/tree/leader.ts'
import { rootOf } from '../../src/audit/tree/merkle.ts'
import { type Signer, vkeyOf } from '../../src/audit/tree/note.ts'
import type { PolicyGuard } from '../../src/guards/index.ts'
import { decideRecorded } from '../../src/guards/policy/recorded.ts'
import type { Entry, Masked } from '../../src/types.ts'
import { entry, eventually, newId, type TestStore, testStore } from '../audit/support.ts'
import { log as name, testNotary } from '../notary/support.ts'
import { ana, call, guardOf } from '../policy/set.ts'

const rules = `
@id("reads") permit(principal in Group::"engineers", action == Action::"sql_query", resource);
@id("writes") @approvers("dba") @quorum("1") @within("15m")
permit(principal in Group::"engineers", action == Action::"sql_execute", resource) when { context.effect == "write" };
@id("no-orders") forbid(principal, action == Action::"sql_query", resource) when { context.tables.contains("public.secrets") };`

const text = (value: string): Masked<string> => value as Masked<string>
const origin = { via: 'http', session: 's1', auth: 'oidc' } as const

/** Events of one call as the gateway writes them. */
export const openCalls = (log: Awaited<ReturnType<typeof openLog>>, guard: PolicyGuard) => {
  const common = (tool: string, effect: 'read' | 'write', callId: string): Omit<Entry, 'type'> => ({
    callId,
    actor: ana,
    origin,
    tool,
    target: 'shop',
    targetIdentity: 'pg:1/shop',
    effect,
    facts: { tables: ['public.orders'] },
  })
  const decided = (tool: string, effect: 'read' | 'write', tables: readonly string[]) => {
    const verdict = guard.judge(call({ tool, effect, policy: { tables } }))
    if (!verdict.record) throw new Error('no record')
    const { request, ...record } = verdict.record
    return {
      policy: { ...record, rules: verdict.rules, decision: verdict.kind },
      parts: [{ kind: 'decision' as const, bytes: text(request) }],
    }
  }
  const received = (tool: string, effect: 'read' | 'write', callId: string): Entry => ({
    ...common(tool, effect, callId),
    type: 'call.received',
    parts: [{ kind: 'input', bytes: text(`{"sql":"select ${callId}"}`) }],
  })
  const ended = (tool: string, effect: 'read' | 'write', callId: string, parent = ''): Entry => ({
    ...common(tool, effect, callId),
    type: 'call.result',
    parent,
    outcome: { status: 'ok', code: 'OK', rows: '1' },
    mask: { rules: 'sha256:m', hits: { email: 3 } },
    parts: [{ kind: 'output', bytes: text(`{"rows":[["${'x'.repeat(40)}"]]}`) }],
  })
  return {
    async read(output?: string): Promise<string> {
      const callId = newId()
      const [, intent] = await log.append([
        received('sql_query', 'read', callId),
        {
          ...common('sql_query', 'read', callId),
          ...decided('sql_query', 'read', ['public.orders']),
          type: 'call.intent',
        },
      ])
      const end = ended('sql_query', 'read', callId, intent?.leaf)
      await log.append([
        output === undefined ? end : { ...end, parts: [{ kind: 'output', bytes: text(output) }] },
      ])
      return callId
    },
    async denied(): Promise<void> {
      const callId = newId()
      await log.append([
        received('sql_query', 'read', callId),
        {
          ...common('sql_query', 'read', callId),
          ...decided('sql_query', 'read', ['public.secrets']),
          type: 'call.denied',
          outcome: { status: 'denied', code: 'NOT_ALLOWED' },
        },
      ])
    },
    async held(): Promise<void> {
      const callId = newId()
      const held = decided('sql_execute', 'write', ['public.orders'])
      const [, requested] = await log.append([
        received('sql_execute', 'write', callId),
        {
          ...common('sql_execute', 'write', callId),
          ...held,
          type: 'approval.requested',
          approval: { needs: ['1 of dba'], expires: '2030-01-01T00:00:00.000Z' },
        },
      ])
      await log.append([
        entry('approval.granted', {
          callId,
          actor: { iss: 'https://idp', sub: 'bo', client: '', groups: ['dba'] },
        }),
      ])
      const [intent] = await log.append([
        {
          ...common('sql_execute', 'write', callId),
          ...held,
          type: 'call.intent',
          approval: { requested: requested?.leaf ?? '', by: ['bo'] },
        },
      ])
      await log.append([ended('sql_execute', 'write', callId, intent?.leaf)])
    },
  }
}

export interface Evidence {
  readonly store: TestStore
  readonly folder: string
  readonly key: string
  readonly signer: Signer
  /** A checkpoint over a part of the log, and one over a little more. */
  readonly early: string
  readonly later: string
  /** Writes another bundle; its path. */
  export(options?: { from?: number; to?: number; payloads?: 'clear' | 'none' }): Promise<string>
  calls: ReturnType<typeof openCalls>
  log: Awaited<ReturnType<typeof openLog>>
  /** Resolves when all that is written is signed. */
  signed(): Promise<number>
  drop(): Promise<void>
}

export const makeEvidence = async (): Promise<Evidence> => {
  const store = await testStore()
  const folder = mkdtempSync(join(tmpdir(), 'cs-bundle-'))
  mkdirSync(join(folder, 'notary'))
  const { open, port } = await testNotary(join(folder, 'notary'))
  const key = join(folder, 'notary.pub')
  writeFileSync(key, `${vkeyOf(open.signer)}\n`)
  const guard = guardOf(rules)
  for (const [kind, hash, body] of [
    ['policy', guard.set, guard.texts.policies],
    ['schema', guard.schema, guard.texts.schema],
  ])
    await store.pool.query(
      'insert into countersign.config_version (kind, hash, text) values ($1, $2, $3)',
      [kind, hash, body],
    )
  const log = await openLog(store)
  const notes: string[] = []
  const leader = startLeader({
    database: store.database,
    notary: port,
    log: name,
    writer: 'gw',
    record: async (one) => void (await log.append([one])),
    signed: (_size, note) => void notes.push(note),
    everyMs: 20,
    standbyMs: 20,
  })
  const signed = async (): Promise<number> => {
    const { rows } = await store.admin.query('select count(*)::int as n from audit.event')
    await eventually(() => leader.signedSize() >= rows[0].n)
    return rows[0].n
  }
  const calls = openCalls(log, guard)
  await calls.read()
  await calls.denied()
  await signed()
  const early = notes.at(-1) ?? ''
  await calls.held()
  await calls.held()
  await calls.read()
  await signed()
  const later = notes.at(-1) ?? ''
  let count = 0
  return {
    store,
    folder,
    key,
    signer: open.signer,
    early,
    later,
    calls,
    log,
    signed,
    async export(options = {}) {
      const pieces: Buffer[] = []
      await exportBundle({
        pool: store.pool,
        keys: store.keys,
        log: name,
        payloads: 'clear',
        ...options,
        write: async (piece) => void pieces.push(piece),
      })
      const file = join(folder, `bundle-${count++}`)
      writeFileSync(file, Buffer.concat(pieces))
      return file
    },
    async drop() {
      await log.close()
      await leader.stop()
      await store.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

// ---------------------------------------------------------------- judging

export const judge = (file: string, signer: Signer, more: Partial<OfflineOptions> = {}) =>
  verifyBundle(file, { trusted: [signer], decide: decideRecorded, ...more })

// ---------------------------------------------------------------- hands

// biome-ignore lint/suspicious/noExplicitAny: an attacker's hands know no types
export type Loose = Record<string, any>

export const linesOf = (file: string): Loose[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

/** Numbers, counts and the closing hash as they have to be: what any forger can do. */
export const assemble = (lines: readonly Loose[], from = 0): string => {
  let idx = from
  const body = lines.filter(({ kind }) => kind !== 'end')
  for (const line of body) if (line.kind === 'event') line.idx = String(idx++)
  const [head] = body
  if (head) head.to = String(idx)
  const before = body.map((line) => `${canonicalText(line)}\n`).join('')
  const sha256 = createHash('sha256').update(before).digest('hex')
  return `${before}${canonicalText({ kind: 'end', events: String(idx - from), sha256 })}\n`
}

const hash = (header: unknown): Buffer => leafHash(Buffer.from(canonicalText(header)))

/** Sequence numbers, links, parents and approvals made to fit again after a change. */
export const rechain = (lines: readonly Loose[], before: readonly Loose[]): void => {
  const old = new Map<Loose, string>()
  for (const [at, line] of lines.entries()) {
    const was = before[at]
    if (line.kind === 'event' && was) old.set(line, hash(was.header).toString('hex'))
  }
  const renamed = new Map<string, string>()
  const heads = new Map<string, { seq: number; leaf: string }>()
  for (const line of lines) {
    if (line.kind !== 'event') continue
    const { header } = line
    const head = heads.get(header.stream) ?? { seq: 0, leaf: '0'.repeat(64) }
    header.seq = String(head.seq + 1)
    header.prev = head.leaf
    if (header.parent) header.parent = renamed.get(header.parent) ?? header.parent
    if (header.approval?.requested)
      header.approval.requested =
        renamed.get(header.approval.requested) ?? header.approval.requested
    const leaf = hash(header).toString('hex')
    renamed.set(old.get(line) ?? '', leaf)
    heads.set(header.stream, { seq: head.seq + 1, leaf })
  }
}

/** Checkpoints over the tree as it is now, by this key, in the place of all others. */
export const resign = (lines: Loose[], signer: Signer): void => {
  const leaves = lines.filter(({ kind }) => kind === 'event').map(({ header }) => hash(header))
  for (let at = lines.length - 1; at >= 0; at--)
    if (['checkpoint', 'anchor'].includes(lines[at]?.kind)) lines.splice(at, 1)
  const checkpoint = { origin: name, size: leaves.length, root: rootOf(leaves), epoch: 1 }
  lines.push({ kind: 'checkpoint', note: signCheckpoint(checkpoint, signer) })
}

export const clone = (lines: readonly Loose[]): Loose[] => structuredClone([...lines])

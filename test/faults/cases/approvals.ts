/** 34 to 36: an approval that is used twice, that no longer fits, or whose people are gone. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Fault, type Kit, verdict } from '../lib/fault.ts'
import type { Answer, Gateway } from '../lib/gateway.ts'
import type { Asked } from '../lib/history.ts'
import { counted } from '../lib/tally.ts'
import { openTarget } from '../lib/target.ts'
import { cameOf, openWorld, type World, warm } from '../lib/world.ts'

const codeOf = (answer: Answer | undefined): string =>
  answer?.refused?.code ?? answer?.status ?? 'no answer'

/** A write that needs a person, asked and granted by one; nobody has fetched it yet. */
const granted = async ({ history }: World, gateway: Gateway): Promise<Asked & { id: string }> => {
  const asked = await history.sql(gateway, { guarded: true })
  const id = asked.answer?.call_id ?? ''
  const given = await gateway.api('POST', `/api/approvals/${id}/answer`, { decision: 'approve' })
  if (cameOf(asked) !== 'pending_approval' || given.status !== 200)
    throw new Error(
      `no approval: ${cameOf(asked)}, then ${given.status} ${JSON.stringify(given.body)}`,
    )
  return { ...asked, id }
}

const fetched = (gateway: Gateway, id: string, seconds = 5): Promise<Answer> =>
  gateway.call('call_wait', { call_id: id, timeout_s: seconds })

const usedTwice: Fault = {
  fault: 34,
  name: 'one approval fetched by 100 at once, on two gateways',
  expected: 'exactly one run, whose result all are told',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit, { gateway: { waitSeconds: 0 } })
    const { gateway, history, target } = world
    const second = await world.another('g2')
    await second.start()
    await warm(world)
    await history.read(second)
    const rounds = 3
    const told: string[] = []
    const own: Record<string, boolean> = {}
    for (let round = 0; round < rounds; round++) {
      const one = await granted(world, gateway)
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, n) => fetched(n % 2 ? gateway : second, one.id, 20)),
      )
      const resent = await Promise.all([history.again(gateway, one), history.again(second, one)])
      const effects = (await target.effects()).filter(({ word }) => word === one.word).length
      const leaves = new Set(answers.map(({ receipt }) => receipt?.leaf))
      own[`round ${round}: one effect, were ${effects}`] = effects === 1
      own[`round ${round}: one result for all`] =
        leaves.size === 1 && answers.every((answer) => codeOf(answer) === 'ok')
      told.push(...answers.map(codeOf), ...resent.map(cameOf))
    }
    const { checks, events, figure } = await world.judge()
    const spent = events.filter(
      ({ header }) => header.type === 'call.intent' && header.approval !== undefined,
    ).length
    return verdict(
      { ...checks, ...own, 'one intent an approval': spent === rounds },
      `${rounds} rounds of 100: ${counted(told)}; ${spent} intents, ${figure}`,
    )
  },
}

const configOf = (gateway: Gateway): string => join(gateway.folder, 'countersign.yaml')

/** Stops the gateway, changes its configuration, starts it; the function that is returned changes it back the same way. */
const changed = async (
  gateway: Gateway,
  change: (text: string) => string,
): Promise<() => Promise<void>> => {
  const before = readFileSync(configOf(gateway), 'utf8')
  const after = change(before)
  if (after === before) throw new Error('the configuration was not changed')
  const put = async (text: string): Promise<void> => {
    await gateway.stop()
    writeFileSync(configOf(gateway), text, { mode: 0o600 })
    await gateway.start()
  }
  await put(after)
  return () => put(before)
}

interface Change {
  readonly name: string
  /** What is changed after the approval, before it is fetched; resolves to what undoes it. */
  readonly does: (world: World, id: string) => Promise<() => Promise<void>>
  readonly codes: readonly string[]
  /** It keeps somebody out and takes nothing back: changed back, the approval is whose it was. */
  readonly survives?: true
}

/** Each change after an approval of its own: none of them is run. */
const afterApproval = async (kit: Kit, changes: (world: World) => Promise<readonly Change[]>) => {
  const world = await openWorld(kit, { gateway: { waitSeconds: 0 } })
  const { gateway, target } = world
  await warm(world)
  const own: Record<string, boolean> = {}
  const parts: string[] = []
  for (const { codes, does, name, survives } of await changes(world)) {
    const one = await granted(world, gateway)
    const undo = await does(world, one.id)
    const code = await fetched(gateway, one.id).then(codeOf, (thrown: unknown) => String(thrown))
    const count = async (): Promise<number> =>
      (await target.effects()).filter(({ word }) => word === one.word).length
    const effects = await count()
    await undo()
    const later = await fetched(gateway, one.id).then(codeOf, (thrown: unknown) => String(thrown))
    own[`${name}: no effect, were ${effects}`] = effects === 0
    own[`${name}: refused, was ${code}`] = codes.includes(code)
    own[`${name}: ${survives ? 'run once' : 'not run'} when it is changed back, was ${later}`] =
      survives ? later === 'ok' && (await count()) === 1 : later !== 'ok' && (await count()) === 0
    parts.push(`${name}: ${code}`)
  }
  // The way itself works: what was not changed is run.
  const one = await granted(world, gateway)
  own['unchanged: run'] = codeOf(await fetched(gateway, one.id)) === 'ok'
  const { checks, figure } = await world.judge()
  return verdict({ ...checks, ...own }, `${parts.join('; ')}; ${figure}`)
}

const mismatch = ['APPROVAL_MISMATCH']
const approval = 'approval: { by: [dba], quorum: 1, within: 15m }'

const noLongerFits: Fault = {
  fault: 35,
  name: 'arguments, target or policy changed after the approval',
  expected: 'it does not fit any more: denied, nothing is run',
  limitMs: 600_000,
  run: (kit) =>
    afterApproval(kit, async ({ target }) => {
      const other = await openTarget(kit)
      await other.admin.query(
        `grant all on effects, people to ${target.logins.writer.username}, ${target.logins.reader.username}`,
      )
      const inStore =
        (sql: string): Change['does'] =>
        async (world, id) => {
          const another = await world.history.sql(world.gateway, { guarded: true })
          await world.admin.query(
            sql.replaceAll(':id', `'${id}'`).replaceAll(':other', `'${another.answer?.call_id}'`),
          )
          return async () => undefined
        }
      const config =
        (from: string, to: string): Change['does'] =>
        (world) =>
          changed(world.gateway, (text) => text.replace(from, to))
      return [
        {
          name: 'sealed input of another call',
          does: inStore(
            `update countersign.approval a set sealed_input = b.sealed_input, sealed_key = b.sealed_key, digest = b.digest
             from countersign.approval b where a.call_id = :id and b.call_id = :other`,
          ),
          codes: mismatch,
        },
        {
          name: 'view',
          does: inStore(
            `update countersign.approval set view = '{"input":{}}' where call_id = :id`,
          ),
          codes: mismatch,
        },
        {
          name: 'another database under the name',
          does: (world) =>
            changed(world.gateway, (text) =>
              text.replaceAll(`database: ${target.database}`, `database: ${other.database}`),
            ),
          codes: mismatch,
        },
        {
          name: 'policy asks for two',
          does: config(approval, approval.replace('quorum: 1', 'quorum: 2')),
          codes: mismatch,
        },
        {
          name: 'policy asks for others',
          does: config(approval, approval.replace('[dba]', '[ops]')),
          codes: mismatch,
        },
        {
          name: 'policy has no such grant any more',
          does: config(
            '{ id: guarded, groups: [engineers], targets: [guarded]',
            '{ id: guarded, groups: [engineers], targets: [shop]',
          ),
          codes: [...mismatch, 'DENIED', 'NOT_ALLOWED'],
        },
      ]
    }),
}

const peopleGone: Fault = {
  fault: 36,
  name: 'approver or requester revoked after the approval',
  expected: 'denied when the approval is to be spent',
  limitMs: 600_000,
  run: (kit) =>
    afterApproval(kit, async () => {
      const config =
        (from: RegExp, to: string): Change['does'] =>
        (world) =>
          changed(world.gateway, (text) => text.replace(from, to))
      return [
        {
          name: 'approver removed',
          does: config(/ +- \{ subject: bo, .*\n/, ''),
          codes: mismatch,
        },
        {
          name: 'approver in another group',
          does: config(/subject: bo, groups: \[dba\]/, 'subject: bo, groups: [ops]'),
          codes: mismatch,
        },
        {
          name: "approver's passphrase changed",
          // The hash of the other approver: bo's earlier proofs are of a key that is no longer his.
          does: config(
            /(subject: bo, groups: \[dba\], passphrase: "scrypt:\d+:\d+:\d+:)[^:]+:[^"]+"/,
            `$1${Buffer.alloc(16, 1).toString('base64url')}:${Buffer.alloc(32, 1).toString('base64url')}"`,
          ),
          codes: mismatch,
        },
        {
          name: 'requester in no group',
          does: config(/subject: ana, groups: \[engineers\]/, 'subject: ana, groups: []'),
          codes: [...mismatch, 'DENIED', 'NOT_ALLOWED'],
        },
        {
          name: 'requester is somebody else now',
          does: config(/local: \{ subject: ana,/, 'local: { subject: eve,'),
          codes: [...mismatch, 'INPUT_REFUSED'],
          survives: true,
        },
      ]
    }),
}

export const faults: readonly Fault[] = [usedTwice, noLongerFits, peopleGone]

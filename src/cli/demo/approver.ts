/** The demo's person: answers over the socket of the state folder, proven by a passphrase, as the command line does. */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import { socketPaths } from '../../identity/state-folder.ts'
import { askSocket } from '../running.ts'
import type { Setting } from './setting.ts'

const held = z.looseObject({
  callId: z.string(),
  tool: z.string(),
  target: z.string(),
  effect: z.string(),
  view: z.looseObject({
    input: z.looseObject({ sql: z.string().optional() }),
    facts: z.unknown(),
    preview: z.unknown(),
    reason: z.string(),
  }),
})
export type Held = z.output<typeof held>
const list = z.object({ approvals: z.array(held) })
const story = z.object({
  call: z.object({
    events: z.array(
      z.looseObject({
        header: z.looseObject({
          type: z.string(),
          seq: z.string(),
          mask: z.looseObject({ hits: z.record(z.string(), z.number()) }).optional(),
        }),
        leaf: z.string(),
      }),
    ),
  }),
})
export type Story = z.output<typeof story>['call']

export interface Person {
  /** The first call that waits, once there is one. */
  waiting(): Promise<Held>
  answer(callId: string, decision: 'approve' | 'reject'): Promise<void>
  story(callId: string, reason: string): Promise<Story>
}

export const openPerson = ({ config, approver }: Pick<Setting, 'config' | 'approver'>): Person => {
  const socket = socketPaths(config.state).api
  const authorization = `Basic ${Buffer.from(`${encodeURIComponent(approver.subject)}:${approver.passphrase}`).toString('base64')}`
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const { status, body: said } = await askSocket(socket, { method, path, body, authorization })
    if (status >= 200 && status < 300) return said
    throw new GateError(
      'INTERNAL',
      `The gateway answered ${path} with ${status}: ${JSON.stringify(said)}`,
    )
  }
  return {
    waiting: async () => {
      for (let tries = 0; tries < 100; tries++) {
        const [first] = list.parse(await ask('GET', '/api/approvals')).approvals
        if (first) return first
        await pause(200)
      }
      throw new GateError('INTERNAL', 'No call came to be approved.')
    },
    answer: async (callId, decision) => {
      await ask('POST', `/api/approvals/${callId}/answer`, { decision, comment: 'demo' })
    },
    story: async (callId, reason) =>
      story.parse(await ask('GET', `/api/calls/${callId}?reason=${encodeURIComponent(reason)}`))
        .call,
  }
}

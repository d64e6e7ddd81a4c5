/** The story itself: five things that happen to an agent's calls, each checked as it happens. */
import { type Agent, openAgent } from './agent.ts'
import { openPerson, type Person } from './approver.ts'
import { type ToldOfCluster, tellCluster } from './cluster.ts'
import { verifyNow } from './evidence.ts'
import { expect, show, whileHeld } from './expect.ts'
import type { Page } from './page.ts'
import type { Setting } from './setting.ts'

export interface Told {
  readonly allowed: number
  readonly masked: number
  readonly blocked: number
  readonly held: number
  readonly verified: boolean
  /** With a kubeconfig; what happened there is counted above too. */
  readonly cluster?: ToldOfCluster
}

const join = `select c.name, c.email, c.ssn, o.total, o.note
from customers c join orders o on o.customer_id = c.id
where o.status = 'refund requested' and o.note is not null
order by o.total desc limit 5`
const drop = 'drop table orders'
const update = "update orders set status = 'refunded' where id = 48"

export const tell = async (setting: Setting, page: Page): Promise<Told> => {
  const { gateway } = setting
  const agent = await openAgent(`${gateway.url}/mcp`, gateway.tokenFile ?? '')
  const person = openPerson(setting)
  try {
    const masked = await readsMasked(agent, person, page)
    await isBlocked(agent, page)
    const callId = await isHeldAndApproved(agent, person, page)
    const cluster = setting.cluster ? await tellCluster(agent, person, page) : undefined
    page.step(`${cluster ? 7 : 4}  The log: verified, and the story of that call`)
    const verified = await verifyNow(setting, page)
    await storyOf(callId, person, page)
    if (cluster === undefined) return { allowed: 1, masked, blocked: 1, held: 1, verified }
    return {
      allowed: cluster.masked > 0 ? 3 : 2,
      masked: masked + cluster.masked,
      blocked: 1 + cluster.blocked,
      held: 1 + cluster.held,
      verified,
      cluster,
    }
  } finally {
    await agent.close()
  }
}

const readsMasked = async (agent: Agent, person: Person, page: Page): Promise<number> => {
  page.step('1  A join is allowed, and what the agent must not see is masked')
  show(page, 'agent', join)
  const answer = await agent.call('sql_query', { target: 'shop', sql: join })
  expect(answer.status === 'ok' && answer.rows?.length === 5, 'five rows', answer)
  page.table(answer.columns ?? [], answer.rows ?? [])
  const { events } = await person.story(answer.call_id, 'how much was masked in the demo')
  const hits = events.flatMap(({ header }) => Object.values(header.mask?.hits ?? {}))
  const masked = hits.reduce((sum, hit) => sum + hit, 0)
  expect(
    masked >= 13 &&
      !JSON.stringify(answer.rows).includes('@mail.example') &&
      !JSON.stringify(answer.rows).includes('4111 1111'),
    'masked values',
    answer,
  )
  return masked
}

const isBlocked = async (agent: Agent, page: Page): Promise<void> => {
  page.step('2  A DROP is blocked, with its reason')
  show(page, 'agent', drop)
  const answer = await agent.call('sql_execute', { target: 'shop', sql: drop })
  expect(answer.refused?.code === 'NOT_ALLOWED', 'a refusal', answer)
  page.refused(answer)
}

const isHeldAndApproved = async (agent: Agent, person: Person, page: Page): Promise<string> => {
  page.step('3  An UPDATE is held, shown to a person, approved, and run once')
  show(page, 'agent', update)
  const asked = agent.call('sql_execute', {
    target: 'shop',
    sql: update,
    reason: 'ticket 4711: the customer got her money back',
  })
  const held = await whileHeld(asked, person)
  show(page, 'bo sees', `${held.tool} on ${held.target}, effect ${held.effect}`)
  show(page, '', held.view.input.sql ?? '')
  show(page, '', `the agent says: ${held.view.reason}`)
  show(page, '', `facts: ${JSON.stringify(held.view.facts)}`)
  for (const line of planOf(held.view.preview)) show(page, '', line)
  await person.answer(held.callId, 'approve')
  show(page, 'bo', 'approves, with his passphrase')
  const answer = await asked
  expect(answer.status === 'ok', 'the result of the update', answer)
  show(
    page,
    'agent',
    `gets: ${JSON.stringify({ status: answer.status, command: answer.command, affected: answer.affected })}`,
  )
  const after = await agent.call('sql_query', {
    target: 'shop',
    sql: "select count(*) from orders where status = 'refunded'",
  })
  expect(String(after.rows?.[0]?.[0]) === '1', 'one refunded order', after)
  return held.callId
}

const planOf = (preview: unknown): readonly string[] => {
  const text =
    typeof preview === 'object' && preview !== null && 'plan' in preview ? preview.plan : preview
  const lines = Array.isArray(text)
    ? text.map(String)
    : typeof text === 'string'
      ? text.split('\n')
      : [JSON.stringify(text)]
  return lines.slice(0, 6)
}

const storyOf = async (callId: string, person: Person, page: Page): Promise<void> => {
  const { events } = await person.story(callId, 'the story of the demo')
  page.table(
    ['seq', 'event', 'leaf'],
    events.map(({ header, leaf }) => [header.seq, header.type, `${leaf.slice(0, 16)}...`]),
  )
}

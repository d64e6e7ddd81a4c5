/** The demo's cluster part, on the cluster of a kubeconfig: pods listed, a Secret masked, a shell blocked, a change held and rejected. Nothing is changed there. */
import { GateError } from '../../errors.ts'
import { hiddenValue } from '../../tools/kube/objects.ts'
import type { Agent, Answer } from './agent.ts'
import type { Person } from './approver.ts'
import { expect, show, whileHeld } from './expect.ts'
import type { Page } from './page.ts'

export interface ToldOfCluster {
  /** Pods that were listed, at most five. */
  readonly pods: number
  /** Values of a Secret that came masked; 0 where there is none to read. */
  readonly masked: number
  readonly blocked: number
  readonly held: number
}

const target = 'cluster'
const most = 5
const configMap = 'countersign-demo'
const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: ${configMap}}
data: {mode: careless}`

export const tellCluster = async (
  agent: Agent,
  person: Person,
  page: Page,
): Promise<ToldOfCluster> => {
  page.step('4  A cluster: pods are listed, and the values of a Secret are masked')
  const pods = await podsSeen(agent, page)
  const masked = await secretMasked(agent, page)
  page.step('5  A shell in a container is blocked')
  await shellBlocked(agent, pods[0] ?? nowhere, page)
  page.step('6  A change is held, shown to a person, and rejected: the cluster stays as it is')
  await changeRejected(agent, person, page)
  return { pods: pods.length, masked, blocked: 1, held: 1 }
}

interface Place {
  readonly namespace: string
  readonly pod: string
}
const nowhere: Place = { namespace: 'default', pod: 'web-0' }
const inNamespace = '.metadata.namespace'

/** In the namespace of the context; where it has none, in all of them. */
const podsSeen = async (agent: Agent, page: Page): Promise<readonly Place[]> => {
  const input = { target, resource: 'pods', limit: most, fields: [inNamespace, '.status.phase'] }
  const here = await agent.call('kube_get', input)
  expect(here.status === 'ok', 'a list of pods', here)
  const all = (here.rows?.length ?? 0) === 0
  const answer = all ? await agent.call('kube_get', { ...input, all_namespaces: true }) : here
  show(page, 'agent', `kube_get pods${all ? ' of all namespaces' : ''}`)
  if (answer.status !== 'ok') page.refused(answer)
  const columns = answer.columns ?? []
  page.table(columns, answer.rows ?? [])
  const textOf = (row: readonly unknown[], column: string): string =>
    String(row[columns.indexOf(column)] ?? '')
  return (answer.rows ?? []).map((row) => ({
    pod: textOf(row, 'Name'),
    namespace: textOf(row, inNamespace),
  }))
}

const namesOf = ({ names }: Answer): readonly string[] =>
  Array.isArray(names) ? names.map(String) : []

const secretMasked = async (agent: Agent, page: Page): Promise<number> => {
  const input = { target, resource: 'secrets', format: 'names', limit: most }
  const [here] = namesOf(await agent.call('kube_get', input))
  const [away] = here
    ? []
    : namesOf(await agent.call('kube_get', { ...input, all_namespaces: true }))
  const [namespace, name] = here ? [undefined, here] : (away?.split('/') ?? [])
  if (name === undefined) {
    page.says('', 'There is no Secret that this kubeconfig may read.')
    return 0
  }
  show(page, 'agent', `kube_get secrets ${name} as YAML`)
  const answer = await agent.call('kube_get', {
    target,
    resource: 'secrets',
    name,
    format: 'yaml',
    ...(namespace ? { namespace } : {}),
  })
  const yaml = typeof answer.yaml === 'string' ? answer.yaml : ''
  expect(answer.status === 'ok' && yaml !== '', 'a Secret', answer)
  show(page, '', yaml.split('\n').slice(0, 12).join('\n'))
  return yaml.split(hiddenValue).length - 1
}

const shellBlocked = async (agent: Agent, place: Place, page: Page): Promise<void> => {
  const argv = ['sh', '-i']
  show(page, 'agent', `kube_exec ${JSON.stringify(argv)}`)
  const answer = await agent.call('kube_exec', {
    target,
    ...place,
    argv,
  })
  expect(/^(NOT_ALLOWED|INPUT_REFUSED)$/.test(answer.refused?.code ?? ''), 'a refusal', answer)
  page.refused(answer)
}

const changeRejected = async (agent: Agent, person: Person, page: Page): Promise<void> => {
  show(page, 'agent', manifest)
  const asked = agent.call('kube_change', {
    target,
    action: 'apply',
    manifest,
    reason: 'it was so on my machine',
  })
  const held = await whileHeld(asked, person)
  show(page, 'bo sees', `${held.tool} on ${held.target}, effect ${held.effect}`)
  show(page, '', `facts: ${JSON.stringify(held.view.facts)}`)
  show(page, '', `a dry run says: ${JSON.stringify(held.view.preview)}`)
  await person.answer(held.callId, 'reject')
  show(page, 'bo', 'rejects')
  const answer = await asked
  expect(answer.refused?.code === 'APPROVAL_REJECTED', 'a rejection', answer)
  page.refused(answer)
  const after = await agent.call('kube_get', { target, resource: 'configmaps', format: 'names' })
  if (namesOf(after).includes(configMap))
    throw new GateError('INTERNAL', 'The change was rejected, and made all the same.')
}

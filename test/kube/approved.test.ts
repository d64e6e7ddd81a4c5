/** An approved call runs on the very object that its approvers saw, or not at all. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Json } from '../../src/types.ts'
import { exitStatus, type Fake, pod, reply, startFake } from './fake.ts'
import { type Kit, openKit, refusalOf, targetOf } from './support.ts'

let fake: Fake
let kit: Kit
beforeEach(async () => {
  fake = await startFake()
  fake.exec = (socket) => socket.send(exitStatus(0))
  kit = openKit(targetOf(fake.kubeconfig))
})
afterEach(async () => {
  await kit.close()
  await fake.close()
})

const input = { namespace: 'prod', pod: 'web-0', argv: ['touch', '/srv/x'] }
const path = /^GET .*\/pods\/web-0$/
const begun = () => fake.seen.filter(({ method }) => method === 'EXEC').length
const run = (approved: Json) => kit.run('kube_exec', input, { approved })

test('the pod that was approved is run in', async () => {
  const approved = await kit.preview('kube_exec', input)
  expect(approved.binding).toMatch(/^[a-p]{64}$/)
  expect((await run(approved)).out.exit_code).toBe(0)
})

test.each([
  ['another pod of that name', { ...pod, metadata: { ...pod.metadata, uid: '3-3' } }],
  ['another image in that pod', { ...pod, spec: { containers: [{ name: 'app', image: 'x:2' }] } }],
  [
    'another first container',
    { ...pod, spec: { containers: [{ name: 'b', image: 'app:1' }, ...pod.spec.containers] } },
  ],
])('%s is not run in', async (_what, now) => {
  const approved = await kit.preview('kube_exec', input)
  fake.on(path, reply(200, now))
  expect(await refusalOf(run(approved))).toMatch(/^APPROVAL_MISMATCH.*Nothing was run/)
  expect(begun()).toBe(0)
  expect(kit.prepared).toEqual([])
})

test('what no approver could see is not run', async () => {
  expect(await refusalOf(run({ unavailable: 'TARGET_FAILED' }))).toMatch(/^APPROVAL_MISMATCH/)
  expect(begun()).toBe(0)
})

test('a delete that was approved deletes that object and no later one of its name', async () => {
  const gone = { action: 'delete', resource: 'pods', namespace: 'prod', name: 'web-0' }
  fake.on(/^DELETE/, reply(200, pod))
  const approved = await kit.preview('kube_change', gone)
  fake.on(path, reply(200, { ...pod, metadata: { ...pod.metadata, uid: '3-3' } }))
  expect(await refusalOf(kit.run('kube_change', gone, { approved }))).toMatch(/^APPROVAL_MISMATCH/)
  expect(
    fake.seen.filter(({ method, body }) => method === 'DELETE' && !body.includes('dryRun')),
  ).toEqual([])
  fake.on(path, reply(200, pod))
  expect((await kit.run('kube_change', gone, { approved })).out.change).toBe('deleted')
})

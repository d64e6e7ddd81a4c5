/** The Kubernetes tools through the gateway's own path: what log and approvers get to see, and whose credential is used. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openGateway } from '../../src/gateway.ts'
import { openMasker } from '../../src/masking/masker.ts'
import { kubeFamily } from '../../src/tools/kube/index.ts'
import type { Guard, HeldCall } from '../../src/types.ts'
import { ask, type FakePorts, fakePorts, textOf, types } from '../support/ports.ts'
import { type Fake, pod, reply, startFake } from './fake.ts'
import { targetOf } from './support.ts'

let fake: Fake
beforeEach(async () => {
  fake = await startFake()
})
afterEach(() => fake.close())

const hold: Guard = async () => ({
  kind: 'hold',
  rules: ['wait'],
  masking: [],
  needs: [{ groups: ['dba'], quorum: 1, withinMs: 60_000, self: false }],
})
const value = 'hunter2-in-the-clear'
const encoded = Buffer.from(value).toString('base64')
const manifest = `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {word: ${value}, pin: "4711"}`

const open = (tool: string, over: Parameters<typeof fakePorts>[1] = {}): FakePorts => {
  const { tools, family } = kubeFamily()
  const found = tools.find((one) => one.name === tool)
  if (!found) throw new Error(tool)
  return fakePorts(found, {
    families: new Map([['kubernetes', family]]),
    targets: new Map([['main', targetOf(fake.kubeconfig)]]),
    masker: openMasker({ tokenKey: randomBytes(32), knownSecrets: () => [] }),
    vault: { lease: () => Promise.reject(new Error('no credential is named')), known: () => [] },
    ...over,
  })
}
const logged = ({ fakeLog }: FakePorts): string => fakeLog.entries.map(textOf).join('\n')

test('the value of an applied Secret is in no part of the log and in no answer', async () => {
  fake.on(
    /^PATCH/,
    reply(201, {
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      data: { word: encoded, pin: 'NDcxMQ==' },
    }),
  )
  const ports = open('kube_change')
  const answer = await ask(
    openGateway(ports),
    { target: 'main', action: 'apply', manifest },
    { tool: 'kube_change' },
  )
  expect(answer).toMatchObject({ status: 'ok', change: 'created' })
  expect(types(ports.fakeLog)).toContain('call.prepared')
  for (const seen of [JSON.stringify(answer), logged(ports)]) {
    expect(seen).not.toContain(value)
    expect(seen).not.toContain(encoded)
    expect(seen).not.toContain('4711')
  }
  expect(fake.seen.find(({ method }) => method === 'PATCH')?.body).toContain(value)
})

test('an approver sees what would change, and no Secret', async () => {
  fake.on(
    /^PATCH .*dryRun=All/,
    reply(200, {
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      data: { word: encoded, pin: 'NDcxMQ==' },
    }),
  )
  let held: HeldCall | undefined
  const ports = open('kube_change', {
    guards: [hold],
    approvals: {
      get: async () => undefined,
      same: async () => undefined,
      request: async (given: HeldCall) => {
        held = given
        return { claim: { sql: 'x', values: ['x'] }, expiresAt: new Date() }
      },
      wait: async () => undefined,
    } as never,
    waitMs: 0,
  })
  await ask(
    openGateway(ports),
    { target: 'main', action: 'apply', manifest },
    { tool: 'kube_change' },
  )
  const view = JSON.stringify(held?.view)
  expect(view).toContain('"change":"created"')
  expect(view).toContain('secrets/a')
  for (const seen of [view, logged(ports)]) {
    expect(seen).not.toContain(value)
    expect(seen).not.toContain('4711')
  }
  expect(
    fake.seen.every(({ method, url }) => method !== 'PATCH' || url.includes('dryRun=All')),
  ).toBe(true)
})

test('a manifest that speaks of Secrets and can not be read is withheld from the log', async () => {
  const ports = open('kube_change')
  const broken = `${manifest}\n  bad: [`
  const answer = await ask(
    openGateway(ports),
    { target: 'main', action: 'apply', manifest: broken },
    { tool: 'kube_change' },
  )
  expect(answer.refused?.code).toBe('SYNTAX_ERROR')
  expect(logged(ports)).not.toContain(value)
  expect(logged(ports)).toContain('withheld')
})

test('the Secrets of a pod are masked in its log, also in what the gateway records', async () => {
  fake.on(
    /^GET .*\/pods\/web-0$/,
    reply(200, {
      ...pod,
      spec: { containers: [{ name: 'app', envFrom: [{ secretRef: { name: 'db' } }] }] },
    }),
  )
  fake.on(
    /^GET .*\/secrets\/db$/,
    reply(200, { kind: 'Secret', apiVersion: 'v1', data: { word: encoded } }),
  )
  fake.on(/^GET .*\/log\?/, (_request, response) => void response.end(`the word is ${value}\n`))
  const ports = open('kube_logs')
  const answer = await ask(
    openGateway(ports),
    { target: 'main', namespace: 'prod', pod: 'web-0' },
    { tool: 'kube_logs' },
  )
  expect(answer.log).toBe('the word is [masked:known]\n')
  expect(logged(ports)).not.toContain(value)
})

test('where credentials are named, the kubeconfig’s own user is never used instead', async () => {
  const ports = open('kube_logs', {
    targets: new Map([['main', targetOf(fake.kubeconfig, { credentials: { write: 'w' } })]]),
  })
  const answer = await ask(
    openGateway(ports),
    { target: 'main', namespace: 'prod', pod: 'web-0' },
    { tool: 'kube_logs' },
  )
  expect(answer.status).toBe('refused')
  expect(fake.seen).toEqual([])
})

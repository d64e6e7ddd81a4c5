/** Anchors on a real S3 with object lock. */
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anchorFile, startAnchors } from '../../src/audit/anchor/anchor.ts'
import { s3Anchor } from '../../src/audit/anchor/anchor-s3.ts'
import { signed } from '../../src/audit/anchor/sigv4.ts'
import { signCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { signerOf } from '../../src/audit/tree/note.ts'
import { type Seaweed, startSeaweed } from './seaweedfs.ts'

let s3: Seaweed
const signer = signerOf('live/log', generateKeyPairSync('ed25519').privateKey)
const noteOf = (size: number) =>
  signCheckpoint({ origin: 'live/log', size, root: Buffer.alloc(32, size), epoch: 1 }, signer)

const ask = async (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
) => {
  const url = new URL(`${s3.endpoint}${path}`)
  const response = await fetch(url, {
    method,
    headers: signed({ method, url, headers, body }, s3, 'us-east-1', new Date()),
    ...(body === '' ? {} : { body }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const place = (bucket: string, more: { secretAccessKey?: string } = {}) =>
  s3Anchor({
    bucket,
    endpoint: s3.endpoint,
    region: 'us-east-1',
    prefix: 'prod/one/',
    retainDays: 2,
    credentials: async () => ({ ...s3, ...more }),
  })
const eventually = async (what: () => boolean) => {
  for (let tries = 0; tries < 400 && !what(); tries++)
    await new Promise((wake) => setTimeout(wake, 25))
  expect(what()).toBe(true)
}

beforeAll(async () => {
  s3 = await startSeaweed()
  const locked = { 'x-amz-bucket-object-lock-enabled': 'true' }
  expect((await ask('PUT', '/locked', locked)).status).toBe(200)
  expect((await ask('PUT', '/plain')).status).toBe(200)
})
afterAll(() => s3?.stop())

test('a checkpoint is locked: it can be neither removed nor unlocked before its time', async () => {
  const note = noteOf(10)
  const file = anchorFile(note)
  await place('locked').put(file, note)
  expect(await place('locked').get(file)).toBe(note)
  const path = `/locked/prod/one/${file}`
  const head = await ask('HEAD', path)
  expect(head.headers.get('x-amz-object-lock-mode')).toBe('COMPLIANCE')
  const version = head.headers.get('x-amz-version-id') ?? ''
  expect(version).not.toBe('')
  expect((await ask('DELETE', `${path}?versionId=${version}`)).status).toBe(403)
  const bypass = { 'x-amz-bypass-governance-retention': 'true' }
  expect((await ask('DELETE', `${path}?versionId=${version}`, bypass)).status).toBe(403)
  const soon = new Date(Date.now() + 60_000).toISOString()
  const shorter = `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${soon}</RetainUntilDate></Retention>`
  const changed = await ask('PUT', `${path}?retention&versionId=${version}`, {}, shorter)
  expect(changed.status).toBeGreaterThanOrEqual(400)
  expect((await ask('GET', `${path}?versionId=${version}`)).text).toBe(note)
})

test('the same checkpoint again is fine, another under its name is refused', async () => {
  const note = noteOf(11)
  const file = anchorFile(note)
  await place('locked').put(file, note)
  await place('locked').put(file, note)
  await expect(place('locked').put(file, noteOf(12))).rejects.toThrow('something else')
  expect(await place('locked').get(file)).toBe(note)
})

test('a bucket without object lock, one that is not there and a wrong key are no anchors', async () => {
  const note = noteOf(13)
  const file = anchorFile(note)
  await expect(place('plain').put(file, note)).rejects.toThrow()
  await expect(place('nowhere').put(file, note)).rejects.toThrow(/answered 4\d\d/)
  await expect(place('locked', { secretAccessKey: 'wrong' }).put(file, note)).rejects.toThrow(
    '403 SignatureDoesNotMatch',
  )
})

test('an anchor that is overwritten or hidden later is found when it is read back', async () => {
  const alarms: string[] = []
  const anchors = startAnchors({
    places: [place('locked')],
    recall: async () => undefined,
    remember: async () => undefined,
    alarm: (message) => alarms.push(message),
    everyMs: 100,
    retryMs: 50,
  })
  const [first, second] = [noteOf(20), noteOf(21)]
  anchors.offer(first)
  await eventually(() => anchors.lagMs() === 0)
  const path = (note: string) => `/locked/prod/one/${anchorFile(note)}`
  // Versioning lets a newer version lie over the locked one.
  expect((await ask('PUT', path(first), {}, noteOf(19))).status).toBe(200)
  await eventually(() => anchors.lost() === 1)
  expect(alarms[0]).toContain('has changed')
  anchors.offer(second)
  await eventually(() => anchors.lagMs() === 0)
  expect((await ask('DELETE', path(second))).status).toBe(204)
  await eventually(() => anchors.lost() >= 2)
  expect(alarms.some((words) => words.includes('has lost'))).toBe(true)
  await anchors.stop()
})

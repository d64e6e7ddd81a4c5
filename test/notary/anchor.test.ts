import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type Anchored,
  type AnchorPlace,
  type Anchors,
  anchorFile,
  startAnchors,
} from '../../src/audit/anchor/anchor.ts'
import { folderAnchor } from '../../src/audit/anchor/anchor-folder.ts'
import { s3Anchor } from '../../src/audit/anchor/anchor-s3.ts'
import { signed } from '../../src/audit/anchor/sigv4.ts'
import { signCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { signerOf } from '../../src/audit/tree/note.ts'
import { eventually } from '../audit/support.ts'
import { log, temporary } from './support.ts'

const signer = signerOf(log, generateKeyPairSync('ed25519').privateKey)
const noteOf = (size: number, epoch = 1) =>
  signCheckpoint({ origin: log, size, root: Buffer.alloc(32, size), epoch }, signer)

let folder: ReturnType<typeof temporary>
let open: Anchors[]
let alarms: string[]
let kept: Map<string, Anchored>
beforeEach(() => {
  folder = temporary()
  open = []
  alarms = []
  kept = new Map()
})
afterEach(async () => {
  for (const anchors of open) await anchors.stop()
  folder.remove()
})

const start = (...places: AnchorPlace[]): Anchors => {
  const anchors = startAnchors({
    places,
    recall: async (place) => kept.get(place),
    remember: async (place, anchored) => void kept.set(place, anchored),
    alarm: (message) => alarms.push(message),
    everyMs: 40,
    retryMs: 10,
  })
  open.push(anchors)
  return anchors
}
const path = (note: string) => join(folder.path, anchorFile(note))
const there = (note: string) => {
  try {
    return readFileSync(path(note), 'utf8')
  } catch {
    return undefined
  }
}

test('each checkpoint is a file of its own, in order, that nothing is left beside', async () => {
  const anchors = start(folderAnchor(join(folder.path, 'new', 'folder')))
  for (const size of [9, 10, 1000]) {
    anchors.offer(noteOf(size))
    await eventually(() => anchors.lagMs() === 0)
  }
  expect(readdirSync(join(folder.path, 'new', 'folder'))).toEqual([
    'test_log-001-0000000000000009.note',
    'test_log-001-0000000000000010.note',
    'test_log-001-0000000000001000.note',
  ])
  expect(anchorFile(noteOf(5, 2))).toBe('test_log-002-0000000000000005.note')
  expect(alarms).toEqual([])
})

test('a file is never written over; the same note again is fine', async () => {
  const place = folderAnchor(folder.path)
  await place.put('a.note', 'one\n')
  await place.put('a.note', 'one\n')
  await expect(place.put('a.note', 'two\n')).rejects.toThrow('something else')
  expect(readFileSync(join(folder.path, 'a.note'), 'utf8')).toBe('one\n')
  expect(statSync(join(folder.path, 'a.note')).mode & 0o222).toBe(0)
  expect(readdirSync(folder.path)).toEqual(['a.note'])
})

test('an anchor that is lost or changed afterwards is found, said once, and counted', async () => {
  const anchors = start(folderAnchor(folder.path))
  const [first, second] = [noteOf(5), noteOf(6)]
  anchors.offer(first)
  await eventually(() => there(first) === first && kept.size === 1)
  rmSync(path(first))
  await eventually(() => alarms.length === 1)
  expect(alarms[0]).toContain('has lost test_log-001-0000000000000005.note')
  anchors.offer(second)
  await eventually(() => there(second) === second && anchors.lagMs() === 0)
  rmSync(path(second))
  writeFileSync(path(second), noteOf(4))
  await eventually(() => anchors.lost() >= 2)
  expect(alarms[1]).toContain('has changed')
})

test('a new leader looks whether the last anchor of the one before is still there', async () => {
  const first = start(folderAnchor(folder.path))
  const note = noteOf(5)
  first.offer(note)
  await eventually(() => kept.size === 1)
  await first.stop()
  rmSync(path(note))
  start(folderAnchor(folder.path))
  await eventually(() => alarms.length === 1)
})

test('a place that is down delays, raises lag and alarm, and catches up by itself; the others go on', async () => {
  let up = false
  const good = folderAnchor(folder.path)
  const flaky: AnchorPlace = {
    name: 'flaky',
    get: (file) => good.get(file),
    async put(file, note) {
      if (!up) throw new Error('ECONNREFUSED')
      await good.put(file, note)
    },
  }
  const other = temporary()
  const anchors = start(flaky, folderAnchor(other.path))
  const note = noteOf(7)
  anchors.offer(note)
  await eventually(() => alarms.length === 1)
  await eventually(() => anchors.lagMs() > 100)
  expect(readdirSync(other.path)).toHaveLength(1)
  expect(alarms[0]).toContain('flaky takes nothing')
  up = true
  await eventually(() => anchors.lagMs() === 0)
  expect(there(note)).toBe(note)
  other.remove()
})

test('a place that accepts and does not keep is no anchor', async () => {
  const anchors = start({ name: 'liar', put: async () => undefined, get: async () => undefined })
  anchors.offer(noteOf(3))
  await eventually(() => alarms.length > 0)
  expect(alarms[0]).toContain('does not give it back')
  expect(kept.size).toBe(0)
  expect(anchors.lagMs()).toBeGreaterThan(0)
})

test('a folder that can not be written is an alarm, not an end', async () => {
  const file = join(folder.path, 'file')
  writeFileSync(file, '')
  const anchors = start(folderAnchor(join(file, 'below')))
  anchors.offer(noteOf(3))
  await eventually(() => alarms.length > 0)
  rmSync(file)
  mkdirSync(file)
  chmodSync(file, 0o700)
  await eventually(() => anchors.lagMs() === 0)
})

test("requests are signed as in the examples of AWS's documentation", () => {
  const example = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const at = new Date('2013-05-24T00:00:00Z')
  const signature = (method: string, url: string, headers: Record<string, string>, body = '') =>
    /Signature=(\w+)/.exec(
      signed({ method, url: new URL(url), headers, body }, example, 'us-east-1', at)
        .authorization ?? '',
    )?.[1]
  const bucket = 'https://examplebucket.s3.amazonaws.com'
  expect(signature('GET', `${bucket}/test.txt`, { Range: 'bytes=0-9' })).toBe(
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  )
  expect(
    signature(
      'PUT',
      `${bucket}/test%24file.text`,
      { Date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      'Welcome to Amazon S3.',
    ),
  ).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd')
  expect(signature('GET', `${bucket}/?lifecycle`, {})).toBe(
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  )
  expect(signature('GET', `${bucket}/?max-keys=2&prefix=J`, {})).toBe(
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  )
})

interface Fake {
  readonly endpoint: string
  readonly objects: Map<string, string>
  readonly seen: IncomingMessage[]
  lock: boolean
  answer: number | undefined
  close(): Promise<void>
}

/** As little of S3 as a note needs. */
const fakeS3 = async (): Promise<Fake> => {
  const objects = new Map<string, string>()
  const locks = new Map<string, string>()
  const seen: IncomingMessage[] = []
  const server: Server = createServer(async (request, response) => {
    seen.push(request)
    const key = (request.url ?? '').split('?')[0] ?? ''
    let body = ''
    for await (const piece of request) body += piece
    if (fake.answer) return void response.writeHead(fake.answer).end('<Code>SlowDown</Code>')
    if (request.method === 'PUT') {
      if (objects.has(key))
        return void response.writeHead(412).end('<Code>PreconditionFailed</Code>')
      objects.set(key, body)
      locks.set(key, String(request.headers['x-amz-object-lock-retain-until-date']))
      return void response.writeHead(200, { 'x-amz-version-id': 'v1' }).end()
    }
    const found = objects.get(key)
    if (found === undefined) return void response.writeHead(404).end('<Code>NoSuchKey</Code>')
    const lock = {
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': locks.get(key),
    }
    response.writeHead(200, fake.lock ? lock : {}).end(found)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const fake: Fake = {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    seen,
    lock: true,
    answer: undefined,
    close: () => new Promise((done) => server.close(() => done())),
  }
  return fake
}
const toFake = ({ endpoint }: Fake) =>
  s3Anchor({
    bucket: 'anchors-1',
    endpoint,
    region: 'us-east-1',
    prefix: 'prod/',
    retainDays: 30,
    credentials: async () => ({ accessKeyId: 'k', secretAccessKey: 's' }),
  })

test('S3: written once under a lock for its days, read back by its version', async () => {
  const fake = await fakeS3()
  const place = toFake(fake)
  await place.put('a.note', 'note\n')
  await place.put('a.note', 'note\n')
  expect([...fake.objects]).toEqual([['/anchors-1/prod/a.note', 'note\n']])
  const [put, get] = fake.seen
  expect(put?.headers).toMatchObject({
    'if-none-match': '*',
    'x-amz-object-lock-mode': 'COMPLIANCE',
    authorization: expect.stringContaining('/us-east-1/s3/aws4_request'),
  })
  const until = Date.parse(String(put?.headers['x-amz-object-lock-retain-until-date']))
  expect(Math.abs(until - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000)
  expect(get?.url).toBe('/anchors-1/prod/a.note?versionId=v1')
  await expect(place.put('a.note', 'other\n')).rejects.toThrow('something else')
  expect(await place.get('b.note')).toBeUndefined()
  await fake.close()
})

test('S3: a bucket without object lock is no anchor, and says what it needs', async () => {
  const fake = await fakeS3()
  fake.lock = false
  await expect(toFake(fake).put('a.note', 'note\n')).rejects.toThrow('object lock')
  await fake.close()
})

test('S3: what it answers is said by code alone, and tried again', async () => {
  const fake = await fakeS3()
  fake.answer = 503
  const anchors = start(toFake(fake))
  const note = noteOf(8)
  anchors.offer(note)
  await eventually(() => alarms.length === 1)
  expect(alarms[0]).toContain('answered 503 SlowDown')
  fake.answer = undefined
  await eventually(() => anchors.lagMs() === 0)
  fake.objects.clear()
  await eventually(() => anchors.lost() === 1)
  await anchors.stop()
  await fake.close()
})

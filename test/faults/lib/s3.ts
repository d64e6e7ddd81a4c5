/** An S3 that takes anchors as it is told to: as it should, not at all, or only in words. */
import { createServer } from 'node:http'
import type { Kit } from './fault.ts'

export interface FakeS3 {
  readonly endpoint: string
  /** `down` answers 503; `forgetful` says 200 to what it then does not keep. */
  mood: 'up' | 'down' | 'forgetful'
  readonly objects: Map<string, string>
  /** Requests so far. */
  asked: number
}

/** Listens on loopback; ends with the case. */
export const openS3 = async (kit: Pick<Kit, 'defer'>): Promise<FakeS3> => {
  const until = new Map<string, string>()
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const key = (request.url ?? '').split('?')[0] ?? ''
      fake.asked += 1
      if (fake.mood === 'down') {
        response.writeHead(503).end('<Code>SlowDown</Code>')
        return
      }
      if (request.method === 'PUT') {
        if (fake.mood === 'up') {
          fake.objects.set(key, Buffer.concat(pieces).toString('utf8'))
          until.set(key, String(request.headers['x-amz-object-lock-retain-until-date']))
        }
        response.writeHead(200).end()
        return
      }
      const found = fake.objects.get(key)
      if (found === undefined) response.writeHead(404).end('<Code>NoSuchKey</Code>')
      else
        response
          .writeHead(200, {
            'x-amz-object-lock-mode': 'COMPLIANCE',
            'x-amz-object-lock-retain-until-date': until.get(key) ?? '',
          })
          .end(found)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  kit.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const fake: FakeS3 = {
    endpoint: `http://127.0.0.1:${port}`,
    mood: 'up',
    objects: new Map(),
    asked: 0,
  }
  return fake
}

// The service that the HTTP bench asks, as a worker.
import { createServer } from 'node:http'
import { parentPort } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'

const items = JSON.stringify(
  Array.from({ length: 250 }, (_, id) => ({
    id,
    name: `item ${id}`,
    note: 'a note about an item, no more',
  })),
)
const small = JSON.stringify({ id: 7, name: 'item 7', note: 'x'.repeat(150) })
const packed = gzipSync(items)
const piece = Buffer.alloc(65_536, 0x61)

const server = createServer((request, response) => {
  if (request.url === '/endless') {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = () => {
      while (!response.destroyed && response.write(piece));
    }
    response.on('drain', more)
    more()
    return
  }
  const body = { '/items': items, '/packed': packed }[request.url] ?? small
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(request.url === '/packed' ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))

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
const gigabyte = 16_384 * piece.length
/** A gigabyte of zeros in a megabyte: many members of gzip, one after another. */
const member = gzipSync(Buffer.alloc(16 * piece.length))
const bomb = Buffer.concat(Array.from({ length: 1024 }, () => member))

const server = createServer((request, response) => {
  if (request.url === '/endless' || request.url === '/gigabyte') {
    const whole = request.url === '/gigabyte'
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(whole ? { 'content-length': gigabyte } : {}),
    })
    let left = whole ? gigabyte / piece.length : Number.POSITIVE_INFINITY
    const more = () => {
      while (!response.destroyed && left > 0) {
        left -= 1
        if (!response.write(piece)) return
      }
      if (left === 0) response.end()
    }
    response.on('drain', more)
    more()
    return
  }
  const body = { '/items': items, '/packed': packed, '/bomb': bomb }[request.url] ?? small
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(/^\/(packed|bomb)$/.test(request.url) ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))

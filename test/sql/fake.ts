/** A server that speaks just enough of the protocol to misbehave at a chosen point. */
import { createServer, type Socket } from 'node:net'

export const frame = (type: string, body: Uint8Array | string = ''): Buffer => {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}
/** The head of a frame that says it is longer than what will come. */
export const head = (type: string, length: number): Buffer => {
  const bytes = Buffer.alloc(5)
  bytes.write(type)
  bytes.writeInt32BE(length, 1)
  return bytes
}
export const row = (...cells: readonly (string | null)[]): Buffer => {
  const parts: Buffer[] = [Buffer.from([0, cells.length])]
  for (const cell of cells) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(cell === null ? -1 : Buffer.byteLength(cell))
    parts.push(length, Buffer.from(cell ?? ''))
  }
  return frame('D', Buffer.concat(parts))
}
export const done = (tag: string): Buffer => frame('C', `${tag}\0`)
export const ready = (status = 'I'): Buffer => frame('Z', status)
export const column = (name: string): Buffer =>
  frame('T', Buffer.concat([Buffer.from([0, 1]), Buffer.from(`${name}\0`), Buffer.alloc(18)]))
export const welcome = Buffer.concat([
  frame('R', Buffer.alloc(4)),
  frame('K', Buffer.from([0, 0, 0, 1, 0, 0, 0, 2])),
  ready(),
])
const contact = Buffer.concat([row('160004', 'f', 'f', 'f'), done('SELECT 1'), ready()])

/** What is done with each pipeline after the first contact; the last stays. */
export type Step = (socket: Socket, bytes: Buffer) => void
export interface Fake {
  readonly port: number
  readonly cancels: Buffer[]
  readonly received: Buffer[]
  close(): Promise<void>
}

export const fakeServer = async (
  steps: readonly Step[],
  begin: Step = (socket) => socket.write(welcome),
  greet: Step = (socket) => socket.write(contact),
): Promise<Fake> => {
  const cancels: Buffer[] = []
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    let at = -1
    socket.on('data', (bytes) => {
      received.push(bytes)
      if (at === -1) {
        if (bytes.length === 16 && bytes.readInt32BE(4) === 80_877_102) {
          cancels.push(bytes)
          socket.end()
          return
        }
        begin(socket, bytes)
      } else if (at === 0) greet(socket, bytes)
      else (steps[at - 1] ?? steps.at(-1))?.(socket, bytes)
      at += 1
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cancels,
    received,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((closed) => server.close(() => closed()))
    },
  }
}

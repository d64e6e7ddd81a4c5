/** A TCP proxy before PostgreSQL that can lose answers, hold everything, refuse, and cut. */
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Bytes from the server are thrown away from now on. */
  loseAnswers(on: boolean): void
  /** Nothing passes in either direction. */
  blackhole(on: boolean): void
  /** New connections are closed at once. */
  refuse(on: boolean): void
  cutAll(): void
  /** Milliseconds that each chunk of the server's waits. */
  delay(ms: number): void
  /** Called with each chunk of the client's before it is passed on. */
  onRequest(heard: ((chunk: Buffer) => void) | undefined): void
  close(): Promise<void>
}

export const openProxy = async (host: string, port: number): Promise<TcpProxy> => {
  let losing = false
  let holding = false
  let refusing = false
  let delayMs = 0
  let heard: ((chunk: Buffer) => void) | undefined
  const pairs = new Set<Socket>()
  const server = createServer((client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const upstream = connect({ host, port })
    const end = () => {
      pairs.delete(client)
      pairs.delete(upstream)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      pairs.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', (chunk) => {
      if (holding) return
      heard?.(chunk)
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (holding || losing) return
      if (delayMs === 0) client.write(chunk)
      else setTimeout(() => client.writable && client.write(chunk), delayMs)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    loseAnswers: (on) => {
      losing = on
    },
    blackhole: (on) => {
      holding = on
    },
    refuse: (on) => {
      refusing = on
    },
    delay: (ms) => {
      delayMs = ms
    },
    onRequest: (listener) => {
      heard = listener
    },
    cutAll: () => {
      for (const socket of pairs) socket.destroy()
    },
    close: async () => {
      for (const socket of pairs) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

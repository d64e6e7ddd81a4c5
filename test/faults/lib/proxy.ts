/** A TCP proxy of ours that spoils a connection in the ways of a network: late, lost, cut, halved, reset, in pieces. */
import { connect, createServer, type Socket } from 'node:net'
import type { Kit } from './fault.ts'

/** `up` is from the client to the server. */
export type Direction = 'up' | 'down'

/** How bytes of one direction fare; what is left out is as usual. */
export interface Path {
  /** Milliseconds that each chunk waits, with so much more or less of it by chance; the order is kept. */
  readonly latencyMs?: number
  readonly jitterMs?: number
  /** Chunks go nowhere, and nobody is told. */
  readonly blackhole?: boolean
  /** At most so many bytes go on at once, each piece in a segment of its own. */
  readonly pieces?: number
}

export interface TcpProxy {
  readonly port: number
  /** Connections that are open now. */
  readonly open: number
  /** Connections that were ever made. */
  readonly made: number
  /** From now on, for all connections. */
  path(direction: Direction, how: Path): void
  /** New connections are taken and closed at once, or none are any more. */
  refuse(on: boolean): void
  /** Ends every connection: in order (FIN), or by RST. */
  cut(how: 'fin' | 'reset'): void
  /** Ends the server's side of sending towards every client; the other direction stays. */
  halfClose(): void
  /** The connection over which so many further bytes go in a direction is reset after exactly these; once. */
  cutAfter(direction: Direction, bytes: number): Promise<void>
  /** Resets the connection on which `match` is seen from the client, after `bytes` of that chunk went on. Once; resolves when it happened. */
  cutAt(match: string, bytes: number): Promise<void>
  /** Throws the server's answers away on the connection on which `match` is seen from the client. Once; resolves when it was seen. */
  muteAt(match: string): Promise<void>
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  muted: boolean
}

interface Cut {
  readonly direction: Direction
  left: number
  readonly done: () => void
}

interface Watch {
  readonly match: string
  readonly does: (link: Link, chunk: Buffer, end: () => void) => boolean
  readonly done: () => void
}

/** Listens on loopback before `to`; ends with the case. */
export const openProxy = async (
  kit: Pick<Kit, 'defer' | 'random'>,
  to: { readonly host?: string; readonly port: number },
): Promise<TcpProxy> => {
  const links = new Set<Link>()
  const paths: Record<Direction, Path> = { up: {}, down: {} }
  let refusing = false
  let made = 0
  let cut: Cut | undefined
  let watch: Watch | undefined

  const reset = ({ client, server }: Link): void => {
    client.resetAndDestroy()
    server.resetAndDestroy()
  }

  /** Each chunk is due after its own wait, and not before the one that came before it. */
  const relay = (link: Link, direction: Direction): void => {
    const [from, to] = direction === 'up' ? [link.client, link.server] : [link.server, link.client]
    to.setNoDelay(true)
    let last: Promise<void> = Promise.resolve()
    const pass = async (chunk: Buffer, due: number): Promise<void> => {
      const waitMs = due - performance.now()
      if (waitMs > 0) await new Promise((wake) => setTimeout(wake, waitMs))
      const { pieces } = paths[direction]
      if (pieces === undefined) {
        if (to.writable) to.write(chunk)
        return
      }
      for (let at = 0; at < chunk.length && to.writable; at += pieces)
        await new Promise<void>((written) =>
          to.write(chunk.subarray(at, at + pieces), () => setImmediate(written)),
        )
    }
    const send = (chunk: Buffer): void => {
      const { jitterMs = 0, latencyMs = 0 } = paths[direction]
      const waitMs = latencyMs + (kit.random() * 2 - 1) * jitterMs
      const due = waitMs > 0 ? performance.now() + waitMs : 0
      last = last.then(() => pass(chunk, due))
    }
    from.on('data', (chunk: Buffer) => {
      if (paths[direction].blackhole || (direction === 'down' && link.muted)) return
      if (direction === 'up' && watch !== undefined && chunk.includes(watch.match)) {
        const { does, done } = watch
        watch = undefined
        const passes = does(link, chunk, () => reset(link))
        done()
        if (!passes) return
      }
      if (cut?.direction === direction) {
        if (cut.left <= chunk.length) {
          const { done, left } = cut
          cut = undefined
          to.write(chunk.subarray(0, left), () => reset(link))
          done()
          return
        }
        cut.left -= chunk.length
      }
      send(chunk)
    })
    from.on('end', () => {
      last = last.then(() => void to.end())
    })
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    made += 1
    if (refusing) {
      client.destroy()
      return
    }
    const upstream = connect({ host: to.host ?? '127.0.0.1', port: to.port, allowHalfOpen: true })
    const link: Link = { client, server: upstream, muted: false }
    links.add(link)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        links.delete(link)
        other.destroy()
      })
    }
    relay(link, 'up')
    relay(link, 'down')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const close = async (): Promise<void> => {
    const closed = new Promise((done) => server.close(done))
    for (const { client, server: upstream } of links) {
      client.destroy()
      upstream.destroy()
    }
    await closed
  }
  kit.defer(close)
  const watched = (match: string, does: Watch['does']): Promise<void> =>
    new Promise((done) => {
      watch = { match, does, done }
    })
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get open() {
      return links.size
    },
    get made() {
      return made
    },
    path: (direction, how) => {
      paths[direction] = how
    },
    refuse: (on) => {
      refusing = on
    },
    cut: (how) => {
      for (const link of links)
        if (how === 'reset') reset(link)
        else {
          link.client.end()
          link.server.end()
        }
    },
    halfClose: () => {
      for (const { client } of links) client.end()
    },
    cutAfter: (direction, bytes) =>
      new Promise((done) => {
        cut = { direction, left: bytes, done }
      }),
    cutAt: (match, bytes) =>
      watched(match, ({ server: upstream }, chunk, end) => {
        upstream.write(chunk.subarray(0, bytes), end)
        return false
      }),
    muteAt: (match) =>
      watched(match, (link) => {
        link.muted = true
        return true
      }),
    close,
  }
}

/** An SSH server in this process whose faults the tests choose. */
import { createHash } from 'node:crypto'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import {
  type AuthContext,
  type Connection,
  Server,
  type ServerChannel,
  type Session,
  utils,
} from 'ssh2'

export interface Command {
  readonly line: string
  readonly channel: ServerChannel
  /** Of the connection that it came on. */
  readonly client: Connection
  /** Signals that the client sent. */
  readonly signals: string[]
  onSignal?: (name: string) => void
}
export interface Behaviour {
  run(command: Command): void
  /** Undefined: everybody with the right password. */
  readonly authenticate?: (context: AuthContext) => void
  /** Sessions that one connection may have at once. */
  readonly sessions?: number
}
export interface Fake {
  readonly port: number
  readonly hostKey: string
  /** Connections that are open now, the most at once, and all that ever came. */
  readonly open: () => number
  readonly most: () => number
  readonly all: () => number
  close(): Promise<void>
}
const newKey = (): string => utils.generateKeyPairSync('ed25519').private
export const fakeHost = async (behaviour: Behaviour, key = newKey()): Promise<Fake> => {
  const clients = new Set<Connection>()
  let most = 0
  let all = 0
  const server = new Server({ hostKeys: [key] }, (client) => {
    clients.add(client)
    // ssh2's server has it, its types don't.
    ;(client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true)
    all += 1
    most = Math.max(most, clients.size)
    let sessions = 0
    client.on('close', () => clients.delete(client))
    client.on('error', () => {})
    client.on('authentication', (context) => {
      if (behaviour.authenticate) behaviour.authenticate(context)
      else if (context.method === 'password' && context.password === 'secret') context.accept()
      else context.reject(['password'])
    })
    client.on('session', (accept, reject) => {
      if (sessions >= (behaviour.sessions ?? 100)) {
        reject()
        return
      }
      sessions += 1
      const session: Session = accept()
      const signals: string[] = []
      let command: Command | undefined
      session.on('signal', (answer, _no, info) => {
        signals.push(info.name)
        answer?.()
        command?.onSignal?.(info.name)
      })
      session.on('close', () => {
        sessions -= 1
      })
      session.on('exec', (answer, _no, info) => {
        const channel = answer()
        channel.on('error', () => {})
        command = { line: info.command, channel, client, signals }
        behaviour.run(command)
      })
    })
  })
  const port = await new Promise<number>((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port)),
  )
  const parsed = utils.parseKey(key)
  const first = Array.isArray(parsed) ? parsed[0] : parsed
  if (!first || first instanceof Error) throw new Error('no key')
  return {
    port,
    hostKey: `SHA256:${createHash('sha256').update(first.getPublicSSH()).digest('base64').replace(/=+$/, '')}`,
    open: () => clients.size,
    most: () => most,
    all: () => all,
    close: () =>
      new Promise((done) => {
        for (const c of clients) c.end()
        server.close(() => done())
      }),
  }
}

/** A host that takes connections and then goes wrong in its own way. */
export const brokenHost = async (
  answer: (socket: Socket) => void,
): Promise<{ port: number; open: () => number; close(): Promise<void> }> => {
  const sockets = new Set<Socket>()
  const server: NetServer = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.resume()
    answer(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as { port: number }).port,
    open: () => sockets.size,
    close: () =>
      new Promise((done) => {
        for (const s of sockets) s.destroy()
        server.close(() => done())
      }),
  }
}

/** The socket in the state folder, where the gateway serves MCP for the local principal. */
import { randomUUID } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller, Fields } from '../types.ts'
import { type ConnectionOptions, serveConnection } from './connection.ts'

export interface McpSocket {
  /** Connections that are open; for idle exit. */
  connections(): number
  /** Takes no more connections, lets calls under way finish for `drainMs`, then ends the rest. */
  close(drainMs: number): Promise<void>
}

/**
 * Listens on `path`, which must lie in a folder that only this user may enter: reaching it is the proof of being the local
 * principal. `callerFor` gets an id of the connection. Rejects when something already listens there.
 */
export const startMcpSocket = async (
  gateway: Gateway,
  path: string,
  by: Omit<ConnectionOptions, 'callerFor'> & {
    readonly callerFor: (session: string, origin: Fields) => Caller
    /** Called whenever a connection opens or ends. */
    readonly changed?: () => void
  },
): Promise<McpSocket> => {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    by.changed?.()
    const session = randomUUID()
    void serveConnection(gateway, socket, {
      ...by,
      callerFor: (origin) => by.callerFor(session, origin),
    })
      .catch((error) => {
        by.failed(error)
        socket.destroy()
      })
      .finally(() => {
        open.delete(socket)
        by.changed?.()
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      server.on('error', by.failed)
      resolve()
    })
  })
  await chmod(path, 0o600)
  return {
    connections: () => open.size,
    close: async (drainMs) => {
      server.close()
      await gateway.drain(drainMs)
      for (const socket of open) socket.end()
      await patience()
      for (const socket of open) socket.destroy()
    },
  }
}

/** For the last bytes to leave. */
const patience = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))

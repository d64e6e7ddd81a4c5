/** The API on the socket of the state folder: for this user alone, and the only way for passphrases. */
import { chmod } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { ApiApp } from './app.ts'
import { closeServer } from './listener.ts'

export interface ApiSocket {
  close(drainMs: number): Promise<void>
}

/** `path` lies in a folder that only this user may enter. Rejects when something listens there. */
export const startApiSocket = async (path: string, app: ApiApp): Promise<ApiSocket> => {
  const server = createServer(
    { headersTimeout: 15_000, requestTimeout: 60_000 },
    getRequestListener((request) => app.fetch(request, { channel: 'socket', direct: true }), {
      overrideGlobalObjects: false,
    }),
  )
  await listenOn(server, path)
  await chmod(path, 0o600)
  return { close: (drainMs) => closeServer(server, drainMs) }
}

const listenOn = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })

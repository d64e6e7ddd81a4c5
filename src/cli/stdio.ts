/** `countersign stdio`: a byte pipe between an MCP client and the gateway's socket; starts the gateway when there is none. */
import { connect, type Socket } from 'node:net'
import type { Command } from 'commander'
import { configHash } from '../config/hash.ts'
import { socketPaths } from '../identity/state-folder.ts'
import { configOf, exitCodes, type Globals, globalsOf, pathOf, report } from './common.ts'
import { ensureGateway } from './ensure.ts'
import { tellClient } from './refuse.ts'
import { mismatch } from './running.ts'
import { version } from './version.ts'

export const register = (program: Command): void => {
  program
    .command('stdio')
    .description(
      'serve MCP on standard input and output, through the gateway of this user (started when there is none)',
    )
    .action(async (_options: unknown, command: Command) => {
      const globals = globalsOf(command)
      try {
        process.exitCode = await pipe(await open(globals))
      } catch (thrown) {
        // Standard output belongs to MCP: the client gets the reason as the error of its first request.
        const message = thrown instanceof Error ? thrown.message : String(thrown)
        report(thrown, false)
        await tellClient(process.stdin, process.stdout, `Countersign: ${message}`)
        process.exitCode = exitCodes.failed
      }
      // Standard input may still be open, and would keep the process.
      process.stdin.destroy()
    })
}

const open = async (globals: Globals): Promise<Socket> => {
  const config = configOf(globals)
  const file = pathOf(globals)
  if (config.identity.local === undefined)
    throw new Error(
      `${file} names no local principal (identity.local), so nobody may call over the socket.`,
    )
  const running = await ensureGateway(config, file)
  const wrong = mismatch(running, { version, config: configHash(config), file })
  if (wrong !== undefined) throw new Error(wrong)
  return connected(socketPaths(config.state).mcp)
}

const connected = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

/** Until one of the ends closes; gives the exit code. */
const pipe = (socket: Socket): Promise<number> =>
  new Promise((resolve) => {
    let clientDone = false
    process.stdin.on('end', () => {
      clientDone = true
    })
    // A client that is gone wants no answers either.
    process.stdout.on('error', () => {
      clientDone = true
      socket.destroy()
    })
    socket.on('error', () => undefined)
    // The gateway says nothing more, or is dead: without this our half would stay open for ever.
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      if (!clientDone)
        process.stderr.write('Countersign: the gateway has stopped. Connect again to start it.\n')
      resolve(clientDone ? exitCodes.fine : exitCodes.failed)
    })
    process.stdin.pipe(socket)
    socket.pipe(process.stdout, { end: false })
  })

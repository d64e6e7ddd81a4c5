/** `countersign serve`: the gateway in this process, until it is told to stop or has been idle. */
import type { Command } from 'commander'
import { configHash } from '../config/hash.ts'
import { boundLog } from './bound-log.ts'
import { configOf, exitCodes, globalsOf, print, Usage } from './common.ts'
import { version } from './version.ts'

interface Options {
  readonly idleExit?: string
  readonly boundLog?: string
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** `90s`, `15m`, `2h` in milliseconds. Throws Usage. */
export const durationOf = (text: string): number => {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  const each = units[unit ?? '']
  if (count === undefined || each === undefined || Number(count) === 0)
    throw new Usage(`${text} is no duration: write 90s, 15m or 2h.`)
  return Number(count) * each
}

export const register = (program: Command): void => {
  program
    .command('serve')
    .description('run the gateway: MCP over HTTP and over the socket of the state folder')
    .option(
      '--idle-exit <duration>',
      'stop when nothing was connected or running for so long (15m)',
    )
    .option('--bound-log <file>', 'the file that standard error goes to, to keep it small')
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command)
      const idleExitMs = options.idleExit === undefined ? undefined : durationOf(options.idleExit)
      const config = configOf(globals)
      const stopLog = options.boundLog === undefined ? () => undefined : boundLog(options.boundLog)
      // Not before it is needed: everything that runs hangs on it.
      const { serve } = await import('../serve.ts')
      const gateway = await serve(config, {
        version,
        configHash: configHash(config),
        ...(idleExitMs === undefined ? {} : { idleExitMs }),
      })
      let stopping = false
      const stop = (): void => {
        // Asked a second time, a person does not want to wait for calls under way.
        if (stopping) process.exit(exitCodes.failed)
        stopping = true
        void gateway.close()
      }
      process.on('SIGTERM', stop)
      process.on('SIGINT', stop)
      if (options.boundLog === undefined)
        print(globals, { serving: gateway.url, pid: process.pid }, `Serving ${gateway.url}/mcp`)
      await gateway.closed
      stopLog()
    })
}

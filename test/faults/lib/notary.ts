/** A notary of a case's own, apart from its gateways; and its ceremonies. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './cluster.ts'
import type { Kit } from './fault.ts'
import { logName } from './gateway-config.ts'
import { signal } from './process.ts'
import { shared } from './shared.ts'
import { within } from './wait.ts'

export interface Notary {
  readonly folder: string
  readonly url: string
  readonly token: string
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
  /** A ceremony, with the notary stopped: `['rotate']`, `['recover', '--anchor', FILE, ..]`. */
  ceremony(args: readonly string[]): Promise<{ code: number; said: string }>
}

/** Started; ends with the case. */
export const openNotary = async (kit: Kit, name = 'notary'): Promise<Notary> => {
  const folder = join(kit.folder, name)
  mkdirSync(folder, { mode: 0o700 })
  const port = await freePort()
  const bin = join(shared().product, 'bin', 'countersign.js')
  const token = randomBytes(24).toString('hex')
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 })
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  const end = async (how: NodeJS.Signals): Promise<void> => {
    const own = child
    if (own?.pid === undefined || own.exitCode !== null || own.signalCode !== null) return
    const exit = new Promise((done) => own.once('exit', done))
    signal(own.pid, how)
    await exit
  }
  const start = async (): Promise<void> => {
    const args = ['notary', '--state', folder, '--log', logName, '--listen', `127.0.0.1:${port}`]
    const own = spawn(process.execPath, [bin, ...args, '--with-parent'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child = own
    if (own.pid !== undefined) shared().guard(own.pid)
    await within(
      'the notary comes up',
      20_000,
      new Promise<void>((done, failed) => {
        own.stdout?.once('data', () => done())
        own.once('exit', (code) => failed(new Error(`the notary ended: ${code}`)))
      }),
    )
    own.stdout?.resume()
  }
  kit.defer(() => end('SIGKILL'))
  await start()
  return {
    folder,
    url,
    token,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ceremony: (args) =>
      new Promise((resolve) => {
        const [what = '', ...rest] = args
        execFile(
          process.execPath,
          [bin, 'notary', what, '--state', folder, ...rest],
          { timeout: 30_000 },
          (error, stdout, stderr) =>
            resolve({
              code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
              said: stdout + stderr,
            }),
        )
      }),
  }
}

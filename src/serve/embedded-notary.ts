/** The notary of a gateway that has none configured: a child process with a folder and a key of its own, under the same account. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { openPrivateFolder, socketPaths } from '../identity/state-folder.ts'
import type { NotaryAddress } from './notary-client.ts'

const program = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const firstPauseMs = 300
const longestPauseMs = 10_000
const startMs = 10_000
const endMs = 3_000

export interface EmbeddedNotary {
  readonly folder: string
  /** Waits for it to come up; rejects when it does not. */
  address(): Promise<NotaryAddress>
  stop(): Promise<void>
}

const ready = z.object({ notary: z.string() })

export const notaryFolder = (state: string): string => join(state, 'notary')

// None of the gateway's environment: secrets may be in it.
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'TMPDIR'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  )

/** Starts it and keeps it running; does not wait until it is up. */
export const startEmbeddedNotary = async (
  state: string,
  log: string,
  warn: (message: string, cause?: unknown) => void,
): Promise<EmbeddedNotary> => {
  const folder = notaryFolder(state)
  await openPrivateFolder(folder)
  const socket = join(dirname(socketPaths(state).api), 'notary.sock')
  let stopping = false
  let child: ChildProcess | undefined
  let url: string | undefined
  let waiting: ((found: string) => void)[] = []
  let pauseMs = firstPauseMs
  let again: NodeJS.Timeout | undefined

  const start = (): void => {
    const args = ['--json', 'notary', '--state', folder, '--log', log]
    const mine = spawn(
      process.execPath,
      [program, ...args, '--listen', `unix:${socket}`, '--with-parent'],
      // A session of its own: Ctrl-C is for the gateway, which has its last events signed first.
      { cwd: folder, env: environment(), detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
    )
    child = mine
    let words = ''
    mine.stdin?.on('error', () => undefined)
    mine.stderr?.on('data', (piece: Buffer) => {
      words = `${words}${piece.toString('utf8')}`.slice(-2000)
    })
    createInterface({ input: mine.stdout }).on('line', (line) => {
      const said = parsed(line)
      if (said === undefined) {
        words = `${words}${line}`.slice(-2000)
        return
      }
      url = said
      pauseMs = firstPauseMs
      for (const tell of waiting) tell(said)
      waiting = []
    })
    mine.once('error', (cause) => warn('the notary can not be started', cause))
    mine.once('close', (code) => {
      url = undefined
      child = undefined
      if (stopping) return
      warn(`the notary has ended (${code ?? 'killed'}) and is started again: ${words.trim()}`)
      again = setTimeout(start, pauseMs)
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    })
    mine.unref()
    for (const stream of [mine.stdin, mine.stdout, mine.stderr]) unrefed(stream)
  }

  start()
  return {
    folder,
    async address() {
      const found = url ?? (await up((tell) => waiting.push(tell)))
      return { url: found, token: (await readFile(join(folder, 'token'), 'utf8')).trim() }
    },
    async stop() {
      stopping = true
      clearTimeout(again)
      const mine = child
      if (mine === undefined) return
      const ended = new Promise<void>((resolve) => mine.once('close', () => resolve()))
      mine.stdin?.end()
      const late = setTimeout(() => mine.kill('SIGKILL'), endMs)
      await ended
      clearTimeout(late)
    },
  }
}

/** Of a child's stream: it is a socket, which may keep our process alive. */
const unrefed = (stream: object | null): void => {
  if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
}

const parsed = (line: string): string | undefined => {
  try {
    return ready.parse(JSON.parse(line)).notary
  } catch {
    return undefined
  }
}

const up = (add: (tell: (url: string) => void) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the notary does not come up')), startMs)
    add((url) => {
      clearTimeout(timer)
      resolve(url)
    })
  })

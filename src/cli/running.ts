/** The gateway that runs on a state folder, as the command line sees it: by its API socket. */
import { request } from 'node:http'
import { z } from 'zod'

export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
}

/** Nothing answers there. */
export class NoGateway extends Error {
  override readonly name = 'NoGateway'
}

/** Where to send: the socket of a state folder, or a URL. */
export type Place =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }

const mostBytes = 64 * 1024 * 1024

/** One request over a socket. Throws NoGateway when nothing listens. */
export const askSocket = (
  path: string,
  by: {
    readonly method: string
    readonly path: string
    readonly body?: unknown
    readonly authorization?: string | undefined
    readonly timeoutMs?: number
  },
): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const text = by.body === undefined ? undefined : JSON.stringify(by.body)
    const asked = request(
      {
        socketPath: path,
        method: by.method,
        path: by.path,
        headers: {
          host: 'localhost',
          ...(by.authorization === undefined ? {} : { authorization: by.authorization }),
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
        agent: false,
        timeout: by.timeoutMs ?? 60_000,
      },
      (response) => {
        const parts: Buffer[] = []
        let bytes = 0
        response.on('data', (part: Buffer) => {
          bytes += part.length
          if (bytes > mostBytes) response.destroy(new Error('The answer is too long.'))
          parts.push(part)
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: parseOrText(Buffer.concat(parts).toString('utf8')),
          }),
        )
      },
    )
    asked.on('timeout', () => asked.destroy(new NoGateway('The gateway does not answer.')))
    asked.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '')
          ? new NoGateway('No gateway listens.')
          : error,
      ),
    )
    asked.end(text)
  })

export const parseOrText = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const statusForm = z.object({
  version: z.string(),
  config: z.string(),
  pid: z.number().int(),
  ready: z.boolean(),
})
export type RunningStatus = z.output<typeof statusForm>

/** Undefined when nothing listens, or what listens is not (yet) able to say. */
export const statusOf = async (apiSocket: string): Promise<RunningStatus | undefined> => {
  try {
    const { body } = await askSocket(apiSocket, {
      method: 'GET',
      path: '/api/status',
      timeoutMs: 2000,
    })
    return statusForm.safeParse(body).data
  } catch (error) {
    if (error instanceof NoGateway) return undefined
    throw error
  }
}

/** What to do about a gateway that is not the one that this program and configuration would start; undefined: it is. */
export const mismatch = (
  running: RunningStatus,
  own: { readonly version: string; readonly config: string; readonly file: string },
): string | undefined => {
  const restart = `Stop it (kill ${running.pid}) and connect again: the next start is the right one.`
  if (running.version !== own.version)
    return `The gateway that runs here (process ${running.pid}) is version ${running.version}, this program is ${own.version}. ${restart}`
  if (running.config !== own.config)
    return `The gateway that runs here (process ${running.pid}) was started with another configuration than ${own.file} is now. ${restart}`
  return undefined
}

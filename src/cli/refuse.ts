/** Tells an MCP client on standard output why it can't be served, in the form it shows to people: the error of its requests. */
import type { Readable, Writable } from 'node:stream'

const serverError = -32000

/** Answers each request with the error until the client closes its end or is silent for `quietMs`. */
export const tellClient = (
  input: Readable,
  output: Writable,
  message: string,
  quietMs = 3000,
): Promise<void> =>
  new Promise((resolve) => {
    let rest = ''
    const done = (): void => {
      clearTimeout(timer)
      input.off('data', take)
      resolve()
    }
    const timer = setTimeout(done, quietMs)
    const take = (chunk: Buffer): void => {
      timer.refresh()
      const lines = `${rest}${chunk.toString('utf8')}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const id = idOf(line)
        if (id !== undefined)
          output.write(
            `${JSON.stringify({ jsonrpc: '2.0', id, error: { code: serverError, message } })}\n`,
          )
      }
    }
    output.on('error', done)
    input.on('data', take)
    input.once('end', done)
  })

const idOf = (line: string): string | number | undefined => {
  try {
    const message: unknown = JSON.parse(line)
    if (typeof message !== 'object' || message === null || !('id' in message)) return undefined
    return typeof message.id === 'string' || typeof message.id === 'number' ? message.id : undefined
  } catch {
    return undefined
  }
}

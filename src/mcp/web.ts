/** Node's request and response as the web's, for the SDK. The body is handed over parsed, so the web request has none. */
import type { IncomingMessage, ServerResponse } from 'node:http'

export const webRequest = (request: IncomingMessage, response: ServerResponse): Request => {
  const gone = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // The token stays with us; lengths are of the body that we have read.
    if (value === undefined || name === 'authorization' || name === 'content-length') continue
    headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return new Request('http://gateway.invalid/mcp', { method: 'POST', headers, signal: gone.signal })
}

export const sendResponse = async (
  answer: Response,
  response: ServerResponse,
  extra: Readonly<Record<string, string>> = {},
): Promise<void> => {
  if (response.destroyed) return
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...extra })
  // Piece by piece: a subscription's stream has no end.
  for await (const piece of answer.body ?? []) {
    if (response.destroyed) return
    response.write(piece)
  }
  response.end()
}

/** Reads a request's body up to a bound; past it only the length is kept. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

/** Longest message that is read, over HTTP and over the socket. */
export const maxMessageBytes = 4 * 1024 * 1024

export type Body =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'too-long'; readonly bytes: number }
  | { readonly kind: 'no-text'; readonly bytes: number }
  | { readonly kind: 'cut' }

/** `too-long` has the announced length, or what came before we stopped keeping; the rest is read and dropped (the listener's request timeout bounds it). */
export const readBody = (request: IncomingMessage): Promise<Body> =>
  new Promise((resolve) => {
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > maxMessageBytes) {
      request.resume()
      resolve({ kind: 'too-long', bytes: announced })
      return
    }
    const parts: Buffer[] = []
    let bytes = 0
    request.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= maxMessageBytes) {
        parts.push(part)
        return
      }
      parts.length = 0
      resolve({ kind: 'too-long', bytes })
    })
    request.on('end', () => resolve(asText(parts, bytes)))
    request.on('error', () => resolve({ kind: 'cut' }))
    request.on('close', () => resolve({ kind: 'cut' }))
  })

const asText = (parts: readonly Buffer[], bytes: number): Body => {
  const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  // A replacement character would make what is recorded differ from what was sent.
  if (!isUtf8(whole)) return { kind: 'no-text', bytes }
  return { kind: 'text', text: whole.toString('utf8'), bytes }
}

/** Undefined when it is no JSON. */
export const parseJson = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

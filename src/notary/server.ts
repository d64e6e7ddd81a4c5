/** The notary's feed: HTTP on loopback, a unix socket, or behind something that ends TLS; a bearer token opens it. */
import { hash, timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Notary, SignRequest } from './sign.ts'

/** Leaves that one request may bring. */
export const MOST_LEAVES = 16_384
const mostBytes = 1024 * 1024

export type Listen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export interface NotaryServer {
  /** `http://127.0.0.1:7421`, or `unix:/path`. */
  readonly url: string
  close(): Promise<void>
}

const size = z.int().min(0)
const bytes32 = z.base64().transform((text, context) => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 32) context.addIssue({ code: 'custom', message: 'has not 32 bytes' })
  return bytes
})
const leaves = z
  .base64()
  .max(mostBytes)
  .transform((text, context) => {
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length % 32 !== 0 || bytes.length > 32 * MOST_LEAVES)
      context.addIssue({ code: 'custom', message: 'are not leaves, or too many' })
    return Array.from({ length: Math.floor(bytes.length / 32) }, (_, at) =>
      bytes.subarray(at * 32, at * 32 + 32),
    )
  })
const requestForm = z.strictObject({
  log: z.string().max(256),
  epoch: z.int().min(1),
  old: z.strictObject({ size, root: bytes32, hashes: z.array(bytes32).max(53).optional() }),
  size,
  root: bytes32,
  leaves,
})

class TooLarge extends Error {}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request) {
    length += piece.length
    if (length > mostBytes) throw new TooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

const refuse = (response: ServerResponse, status: number, message: string): void =>
  reply(response, status, { error: message })

/** What the notary has signed, in every answer that a client goes on from. */
const viewOf = (notary: Notary) => {
  const { epoch, note, root, size: has } = notary.signed()
  return {
    log: notary.log,
    epoch,
    size: has,
    root: root.toString('base64'),
    note: note ?? null,
    history: notary.notes,
  }
}

const requestOf = (text: string): SignRequest | undefined => {
  try {
    return requestForm.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const answer = async (
  notary: Notary,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const path = `${request.method} ${request.url}`
  if (path === 'GET /v1/state') return reply(response, 200, viewOf(notary))
  if (path !== 'POST /v1/sign')
    return refuse(response, 404, 'There is GET /v1/state and POST /v1/sign.')
  const asked = requestOf(await bodyOf(request))
  if (asked === undefined) return refuse(response, 400, 'This is no request for a signature.')
  const given = await notary.sign(asked)
  if (given.kind === 'signed') return reply(response, 200, { note: given.note })
  const { size: offered, old } = asked
  reply(response, 409, {
    why: given.why,
    error: given.message,
    has: viewOf(notary),
    offered: { from: old.size, to: offered },
  })
}

const authorised = (request: IncomingMessage, token: string): boolean => {
  const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => hash('sha256', text, 'buffer')
  return timingSafeEqual(digest(given), digest(token)) && token !== ''
}

/** `failed` hears of what the notary itself did wrong: then nothing was signed. */
export const startServer = async (
  notary: Notary,
  by: {
    readonly listen: Listen
    readonly token: string
    readonly failed: (error: unknown) => void
  },
): Promise<NotaryServer> => {
  const server = createServer(
    { requestTimeout: 15_000, headersTimeout: 5_000 },
    (request, response) => {
      if (!authorised(request, by.token)) return refuse(response, 401, 'A bearer token opens this.')
      answer(notary, request, response).catch((error: unknown) => {
        if (error instanceof TooLarge) return refuse(response, 413, 'This request is too large.')
        by.failed(error)
        if (!response.headersSent) refuse(response, 500, 'The notary could not sign.')
      })
    },
  )
  server.maxConnections = 64
  const { listen } = by
  // Whoever holds the folder may remove what a dead notary left.
  if (listen.kind === 'unix') await rm(listen.path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const listening = () => {
      server.off('error', reject)
      resolve()
    }
    if (listen.kind === 'unix') server.listen(listen.path, listening)
    else server.listen(listen.port, listen.host, listening)
  })
  const at = server.address()
  const port = typeof at === 'object' && at !== null ? at.port : 0
  return {
    url:
      listen.kind === 'unix'
        ? `unix:${listen.path}`
        : `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

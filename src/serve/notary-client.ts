/** Speaks to a notary: over a unix socket, loopback or TLS, with the token of its feed. */
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { z } from 'zod'
import type { NotaryPort, NotaryView, SignatureAnswer } from '../audit/tree/notary-port.ts'

export interface NotaryAddress {
  /** `http://..`, `https://..` or `unix:/path`. */
  readonly url: string
  readonly token: string
}

const mostBytes = 4 * 1024 * 1024
const answerMs = 10_000

const root = z.base64().transform((text) => Buffer.from(text, 'base64'))
const view = z
  .object({
    log: z.string(),
    epoch: z.int().min(1),
    size: z.int().min(0),
    root,
    note: z.string().nullable(),
    history: z.array(z.string()).max(10_000),
  })
  .transform(({ note, ...rest }): NotaryView => ({ ...rest, note: note ?? undefined }))
const signed = z.object({ note: z.string() })
const refused = z.object({ why: z.string(), error: z.string(), has: view })

interface Reply {
  readonly status: number
  readonly body: unknown
}

const send = (
  { token, url }: NotaryAddress,
  method: string,
  path: string,
  body?: string,
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    }
    const options = { method, headers, signal: AbortSignal.timeout(answerMs) }
    const unix = url.startsWith('unix:')
    const call = unix
      ? plain({ ...options, socketPath: url.slice('unix:'.length), path })
      : (url.startsWith('https:') ? secure : plain)(`${url.replace(/\/+$/, '')}${path}`, options)
    call.on('error', reject)
    call.on('response', (response) => {
      const pieces: Buffer[] = []
      let length = 0
      response.on('data', (piece: Buffer) => {
        length += piece.length
        if (length > mostBytes) response.destroy(new Error('the answer of the notary is too long'))
        pieces.push(piece)
      })
      response.on('error', reject)
      response.on('end', () => {
        try {
          const text = Buffer.concat(pieces).toString('utf8')
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
        } catch (cause) {
          reject(new Error(`the notary answered ${response.statusCode} and no JSON`, { cause }))
        }
      })
    })
    call.end(body)
  })

const unexpected = ({ body, status }: Reply): Error =>
  new Error(
    `the notary answered ${status}: ${z.object({ error: z.string() }).safeParse(body).data?.error ?? 'no words'}`,
  )

/** `address` is asked for each time: an embedded notary may come back elsewhere. It rejects when there is none. */
export const notaryClient = (address: () => Promise<NotaryAddress>): NotaryPort => ({
  async state() {
    const reply = await send(await address(), 'GET', '/v1/state')
    if (reply.status !== 200) throw unexpected(reply)
    return view.parse(reply.body)
  },
  async sign({ leaves, old, root: wanted, ...rest }): Promise<SignatureAnswer> {
    const body = JSON.stringify({
      ...rest,
      root: wanted.toString('base64'),
      old: {
        size: old.size,
        root: old.root.toString('base64'),
        hashes: old.hashes.map((hash) => hash.toString('base64')),
      },
      leaves: Buffer.concat(leaves).toString('base64'),
    })
    const reply = await send(await address(), 'POST', '/v1/sign', body)
    if (reply.status === 200) return { kind: 'signed', note: signed.parse(reply.body).note }
    if (reply.status !== 409) throw unexpected(reply)
    const { error, has, why } = refused.parse(reply.body)
    return { kind: 'refused', why, message: error, has }
  },
})

/** OAuth 2.0 client credentials (RFC 6749 section 4.4): a token is asked for once and kept until shortly before it expires. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { HttpTarget, Session } from '../../types.ts'
import { readBody } from './body.ts'
import type { Told } from './failure.ts'
import { basic, bearer, type Carried, lacking, type OAuth } from './inject.ts'
import type { Pool, Turn } from './pool.ts'

const answerForm = z.object({
  access_token: z.string().min(1).max(16_000),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().optional(),
})

const largestAnswer = 64 * 1024
/** When the answer does not say (RFC 6749 section 5.1 recommends that it does). */
const usualSeconds = 300
const mostKept = 1_000

interface Kept {
  readonly asked: Promise<{ readonly carried: Carried; readonly seconds: number }>
  until: number
}

export class Tokens {
  readonly #pool: Pool
  readonly #kept = new Map<string, Kept>()
  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** The header for a request. Throws TARGET_UNREACHABLE when there is no token to be had, CONFIG_INVALID. */
  async of(session: Session<HttpTarget>, inject: OAuth, turn: Turn): Promise<Carried> {
    const key = this.#key(session, inject)
    const have = this.#kept.get(key)
    if (have && performance.now() < have.until) return (await have.asked).carried
    const asked = this.#ask(session, inject, turn)
    // Others that come meanwhile wait for the same answer.
    const kept: Kept = { asked, until: turn.until }
    this.#kept.set(key, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
    try {
      const { carried, seconds } = await asked
      kept.until = performance.now() + Math.max(0, seconds - Math.min(30, seconds / 5)) * 1_000
      return carried
    } catch (error) {
      if (this.#kept.get(key) === kept) this.#kept.delete(key)
      throw error
    }
  }

  /** The target takes this token no longer. */
  forget(session: Session<HttpTarget>, inject: OAuth): void {
    this.#kept.delete(this.#key(session, inject))
  }

  #key({ target, credential }: Session<HttpTarget>, inject: OAuth): string {
    return JSON.stringify([
      ...[target.name, credential.name, credential.version],
      ...[inject.tokenUrl, inject.scope, inject.audience],
    ])
  }

  async #ask(
    session: Session<HttpTarget>,
    inject: OAuth,
    turn: Turn,
  ): Promise<{ carried: Carried; seconds: number }> {
    const { target, limits } = session
    const fields = session.credential.reveal()
    const id = fields.client_id ?? fields.username
    const secret = fields.client_secret ?? fields.password
    if (!id || !secret) throw lacking(target, 'a client_id or a client_secret')
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    if (inject.scope !== undefined) form.set('scope', inject.scope)
    if (inject.audience !== undefined) form.set('audience', inject.audience)
    const ask = {
      method: 'POST',
      url: new URL(inject.tokenUrl),
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(form.toString()),
    }
    // Asking for a token changes nothing that would have to be looked at afterwards.
    const told: Told = {
      target: `The token endpoint of ${target.name}`,
      seconds: limits.seconds,
      connectMs: limits.connectMs,
      writes: false,
    }
    const authorization = basic(encodeURIComponent(id), encodeURIComponent(secret))
    // What waits for this answer is not only the call that asked.
    const own = { ...session, signal: AbortSignal.timeout(limits.connectMs * 2) }
    const answering = await this.#pool.send(
      own,
      ask,
      { headers: { authorization }, tls: {} },
      turn,
      told,
    )
    try {
      const { response } = answering
      const body = await readBody(response, { cap: largestAnswer, drain: false })
      const read = answerForm.safeParse(parsed(body.bytes))
      if (response.statusCode !== 200 || !read.success)
        throw new Error(`the token endpoint answered ${response.statusCode} without a bearer token`)
      const carried = bearer(target, read.data.access_token)
      return { carried, seconds: read.data.expires_in ?? usualSeconds }
    } catch (cause) {
      if (cause instanceof GateError) throw cause
      throw new GateError('TARGET_UNREACHABLE', `No token for ${target.name} is to be had now.`, {
        retry: true,
        cause,
      })
    } finally {
      answering.close()
    }
  }
}

const parsed = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The target's credential as what goes with a request; it never comes from the agent, nor back to it. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Credential, HttpTarget } from '../../types.ts'

/** One of header, basic, mtls and oauth, or none; the configuration's schema sees to it. */
const injectForm = z.object({
  header: z.string().optional(),
  prefix: z.string().optional(),
  basic: z.string().optional(),
  mtls: z.string().optional(),
  tokenUrl: z.string().optional(),
  scope: z.string().optional(),
  audience: z.string().optional(),
})
type Inject = z.output<typeof injectForm>
export interface OAuth {
  readonly tokenUrl: string
  readonly scope?: string | undefined
  readonly audience?: string | undefined
}

const parsed = new WeakMap<HttpTarget, Inject>()
const injectOf = (target: HttpTarget): Inject => {
  const have = parsed.get(target)
  if (have) return have
  const made = injectForm.parse(target.inject)
  parsed.set(target, made)
  return made
}

export const oauthOf = (target: HttpTarget): OAuth | undefined => {
  const { tokenUrl, ...inject } = injectOf(target)
  return tokenUrl === undefined ? undefined : { ...inject, tokenUrl }
}

/** The header that the gateway fills, so that the agent may not. */
export const injectedHeader = (target: HttpTarget): string | undefined => injectOf(target).header

/** What a request carries of the credential. */
export interface Carried {
  readonly headers: Readonly<Record<string, string>>
  /** Client certificate. */
  readonly tls: { readonly cert?: string; readonly key?: string; readonly passphrase?: string }
  /** Values that the answer must not show, beyond the credential's own. */
  readonly known: readonly string[]
}

export const lacking = (target: HttpTarget, what: string): GateError =>
  new GateError('CONFIG_INVALID', `The credential for ${target.name} lacks ${what}.`, {
    hint: 'An administrator puts it right.',
    retry: false,
  })

const plainForm = /^[\x20-\x7e]{1,16000}$/
const header = (target: HttpTarget, name: string, value: string): Carried => {
  if (!plainForm.test(value)) throw lacking(target, 'a value that a header can hold')
  // Behind a scheme (`Bearer ..`) lies the secret itself.
  const bare = value.slice(value.indexOf(' ') + 1)
  return { headers: { [name]: value }, tls: {}, known: bare === value ? [value] : [value, bare] }
}

/** The Authorization of HTTP Basic (RFC 7617). */
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`

export const bearer = (target: HttpTarget, token: string): Carried =>
  header(target, 'authorization', `Bearer ${token}`)

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/

/** What every way but OAuth needs nobody else for. Throws CONFIG_INVALID when the credential has other fields. */
export const carry = (target: HttpTarget, credential: Credential): Carried => {
  const inject = injectOf(target)
  const fields = credential.reveal()
  if (inject.header !== undefined) {
    const value = fields.token ?? fields.password ?? ''
    if (value === '') throw lacking(target, 'a token')
    return header(target, inject.header.toLowerCase(), `${inject.prefix ?? ''}${value}`)
  }
  if (inject.basic !== undefined) {
    const { username = fields.user, password } = fields
    if (username === undefined || password === undefined || username.includes(':'))
      throw lacking(target, 'a username or a password')
    return header(target, 'authorization', basic(username, password))
  }
  if (inject.mtls !== undefined) {
    const bundle = fields.privateKey ?? ''
    const cert = fields.cert ?? certificate.exec(bundle)?.[0]
    const key = fields.key ?? privateKey.exec(bundle)?.[0]
    if (!cert || !key) throw lacking(target, 'a certificate or its key')
    const { passphrase } = fields
    return {
      headers: {},
      tls: { cert, key, ...(passphrase === undefined ? {} : { passphrase }) },
      known: [],
    }
  }
  return { headers: {}, tls: {}, known: [] }
}

/** Names a client certificate without telling it. */
export const tlsKey = ({ cert }: Carried['tls']): string =>
  cert === undefined ? '' : createHash('sha256').update(cert).digest('hex')

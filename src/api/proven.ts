/** Who asks: an approver freshly proven, for this one request. Neither the socket nor the local token proves a person. */
import type { Context } from 'hono'
import { GateError } from '../errors.ts'
import { TokenRefused } from '../identity/bearer.ts'
import type { Caller, Fields } from '../types.ts'
import type { ApiEnv, ApiPorts } from './ports.ts'

const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i
const basic = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i

/** Throws NOT_IDENTIFIED without a proof, NOT_ALLOWED when the person is no approver. */
export const proven = async (context: Context<ApiEnv>, ports: ApiPorts): Promise<Caller> => {
  const caller = await person(context, ports)
  if (ports.isApprover(caller)) return caller
  ports.refused('not-an-approver')
  throw new GateError('NOT_ALLOWED', 'You are no approver here.')
}

const person = (context: Context<ApiEnv>, ports: ApiPorts): Promise<Caller> => {
  const authorization = context.req.header('authorization') ?? ''
  const origin = { channel: context.env.channel }
  const token = bearer.exec(authorization)?.[1]
  if (token !== undefined) return byToken(token, origin, ports)
  const pair = basic.exec(authorization)?.[1]
  // A passphrase crosses the socket only: nothing of another user or machine can listen or guess there.
  if (pair === undefined || context.env.channel !== 'socket')
    throw new GateError('NOT_IDENTIFIED', 'An approver has to prove who answers.', {
      hint: "On the gateway's machine the command asks for the passphrase; elsewhere give a token with --token-file.",
    })
  const [subject, passphrase] = split(Buffer.from(pair, 'base64').toString('utf8'))
  return ports.provePassphrase(subject, passphrase, origin)
}

const byToken = async (token: string, origin: Fields, ports: ApiPorts): Promise<Caller> => {
  try {
    return await ports.proveBearer(token, origin)
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error
    ports.refused(error.kind)
    throw new GateError('NOT_IDENTIFIED', 'The access token proves nobody here, or not freshly.', {
      hint: 'Sign in again: an answer needs a sign-in of the last 15 minutes.',
    })
  }
}

// RFC 7617: the user-id holds no colon, so it is percent-encoded by our client.
const split = (text: string): readonly [string, string] => {
  const at = text.indexOf(':')
  if (at === -1) return ['', text]
  try {
    return [decodeURIComponent(text.slice(0, at)), text.slice(at + 1)]
  } catch {
    return ['', text.slice(at + 1)]
  }
}

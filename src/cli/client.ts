/** The command line as a client of the gateway: every answer, pause and secret goes through it, proven anew. */
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/types.ts'
import { type Code, codes, GateError } from '../errors.ts'
import { socketPaths } from '../identity/state-folder.ts'
import { type ApiAnswer, askSocket, NoGateway, parseOrText } from './running.ts'
import { openTerminal } from './terminal.ts'

export interface ProofOptions {
  /** Approver of `identity.approvers` whose passphrase is asked; needed when there are several. */
  readonly as?: string
  /** File with an access token of an issuer: the person is proven by it instead. */
  readonly tokenFile?: string
}

export interface GatewayClient {
  /** JSON in, JSON out; `path` starts with `/api/`. Throws the gateway's GateError, or TARGET_UNREACHABLE when none runs. */
  ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown>
}

/**
 * Asks for the proof on the terminal once, at the first request, and keeps it for this process only. Requests go over the
 * socket of the state folder; with a token, to publicUrl when no gateway runs here.
 */
export const gatewayClient = (config: Config, options: ProofOptions): GatewayClient => {
  let proof: Promise<string> | undefined
  return {
    ask: async (method, path, body) => {
      proof ??=
        options.tokenFile === undefined
          ? passphraseProof(config, options.as)
          : tokenProof(options.tokenFile)
      const authorization = await proof
      const sent = { method, path, body, authorization }
      return said(await send(config, sent, options.tokenFile !== undefined))
    },
  }
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly authorization: string
}

const send = async (config: Config, sent: Sent, mayGoFar: boolean): Promise<ApiAnswer> => {
  try {
    return await askSocket(socketPaths(config.state).api, sent)
  } catch (error) {
    if (!(error instanceof NoGateway)) throw error
    if (mayGoFar) return byUrl(config, sent)
    throw new GateError('TARGET_UNREACHABLE', `No gateway runs on ${config.state}.`, {
      hint: 'Start one: countersign serve',
    })
  }
}

const byUrl = async (config: Config, sent: Sent): Promise<ApiAnswer> => {
  try {
    const response = await fetch(`${config.server.publicUrl}${sent.path}`, {
      method: sent.method,
      redirect: 'error',
      headers: {
        authorization: sent.authorization,
        ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      signal: AbortSignal.timeout(60_000),
    })
    return { status: response.status, body: parseOrText(await response.text()) }
  } catch (cause) {
    throw new GateError('TARGET_UNREACHABLE', `No gateway answers at ${config.server.publicUrl}.`, {
      cause,
    })
  }
}

const tokenProof = async (file: string): Promise<string> => {
  const token = (
    await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new GateError('NOT_IDENTIFIED', `The token file ${file} can't be read.`, { cause })
    })
  ).trim()
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token))
    throw new GateError('NOT_IDENTIFIED', `The file ${file} holds no access token.`)
  return `Bearer ${token}`
}

const passphraseProof = async (config: Config, as: string | undefined): Promise<string> => {
  const { approvers } = config.identity
  const [only] = approvers
  if (only === undefined)
    throw new GateError(
      'NOT_IDENTIFIED',
      'The configuration names no approvers, so nobody can answer by passphrase.',
      {
        hint: 'Name one in identity.approvers, or prove yourself with --token-file.',
      },
    )
  const terminal = openTerminal()
  try {
    const subject = as ?? (approvers.length === 1 ? only.subject : await terminal.ask('Approver: '))
    const passphrase = await terminal.ask(`Passphrase of ${subject}: `, { hidden: true })
    return `Basic ${Buffer.from(`${encodeURIComponent(subject)}:${passphrase}`).toString('base64')}`
  } finally {
    terminal.close()
  }
}

const said = ({ status, body }: ApiAnswer): unknown => {
  if (status >= 200 && status < 300) return body
  const error = errorOf(body)
  if (error !== undefined) throw error
  throw new GateError('INTERNAL', `The gateway answered with status ${status}.`)
}

const errorOf = (body: unknown): GateError | undefined => {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined
  const { error } = body
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
    return undefined
  const code: Code | undefined = codes.find((known) => known === error.code)
  const hint = 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {}
  return code === undefined ? undefined : new GateError(code, String(error.message), hint)
}

/** What went wrong between us and a target, in our codes and words. A server's or library's text goes to the operator's log only. */
import { GateError } from '../../errors.ts'

/** Where a request was when it ended early. `connect`: no byte of it can have been sent. */
export type Stage = 'connect' | 'asked' | 'answering'

/** Why we ended a request ourselves. */
export class Stopped extends Error {
  readonly why: 'time' | 'cancel' | 'connect'
  constructor(why: Stopped['why']) {
    super(`stopped: ${why}`)
    this.why = why
  }
}

export interface Told {
  readonly target: string
  readonly seconds: number
  readonly connectMs: number
  /** Whether the request changes something. */
  readonly writes: boolean
}

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''

const untrusted = /CERT|TLS|SSL|SELF_SIGNED|VERIFY|UNABLE_TO|ALTNAME/
const malformed = /^HPE_|ERR_HTTP_INVALID|ERR_INVALID/

const inWords = (cause: unknown, { target, connectMs }: Told): GateError => {
  const code = codeOf(cause)
  const error = (words: string, more: { hint?: string; retry?: boolean } = {}): GateError =>
    new GateError('TARGET_UNREACHABLE', `${target} ${words}`, { retry: true, ...more, cause })
  if (cause instanceof Stopped) return error(`could not be reached in ${connectMs} ms.`)
  if (/^E(?:NOTFOUND|AI_|NODATA)/.test(code)) return error('has a name that leads to no address.')
  if (code === 'ECONNREFUSED') return error('does not take connections.')
  if (untrusted.test(code))
    return error('has a certificate that is not trusted, or no common way to encrypt.', {
      retry: false,
      hint: 'An administrator names its authority with `ca`.',
    })
  return error('could not be reached.')
}

/** The error for a request that ended before its answer was whole. */
export const failure = (cause: unknown, stage: Stage, told: Told): GateError => {
  if (cause instanceof GateError) return cause
  const { target, seconds, writes } = told
  const stopped = cause instanceof Stopped ? cause.why : undefined
  if (stage === 'connect') {
    if (stopped === 'cancel')
      return new GateError('CANCELLED', 'The call was cancelled before anything was sent.', {
        cause,
      })
    if (stopped === 'time')
      return new GateError(
        'TIMEOUT',
        `${target} could not be asked in ${seconds} s. Nothing was sent.`,
        {
          retry: true,
          cause,
        },
      )
    return inWords(cause, told)
  }
  if (writes)
    return new GateError(
      'OUTCOME_UNKNOWN',
      `${target} was sent the request, and nobody heard what became of it.`,
      { hint: 'Look at what it changes before you send anything again.', retry: false, cause },
    )
  if (stopped === 'cancel')
    return new GateError('CANCELLED', 'The call was cancelled while it ran.', { cause })
  if (stopped)
    return new GateError('TIMEOUT', `${target} did not finish its answer in ${seconds} s.`, {
      hint: 'Ask for less.',
      retry: false,
      cause,
    })
  const code = codeOf(cause)
  if (malformed.test(code))
    return new GateError('TARGET_FAILED', `${target} gave an answer that is no valid HTTP.`, {
      retry: false,
      cause,
    })
  return new GateError('TARGET_FAILED', `${target} broke off its answer.`, { retry: true, cause })
}

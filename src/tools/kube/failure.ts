/** What an API server or the way to it did wrong, in our codes and words. Its own text goes to the operator's log only. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Session } from '../../types.ts'
import { Lost } from './wire.ts'

/** A Kubernetes `Status`, as far as we read it. */
const status = z.object({
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({
      name: z.string().optional(),
      kind: z.string().optional(),
      group: z.string().optional(),
      causes: z
        .array(
          z.object({
            reason: z.string().optional(),
            message: z.string().optional(),
            field: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
})
export type Status = z.output<typeof status>

/** The answer's Status; empty when it is none. */
export const statusOf = (body: string): Status => {
  try {
    const read = status.safeParse(JSON.parse(body))
    return read.success ? read.data : {}
  } catch {
    return {}
  }
}

/** What was asked, for messages. */
export interface What {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export const wordsOf = ({ group, resource, subresource }: What): string =>
  `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`
export const placeOf = ({ namespace }: What): string =>
  namespace ? ` in namespace ${namespace}` : ''

/** A refused request; not an error for the agent yet, because the words need what else is known. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly said: Status
  constructor(code: number, body: string) {
    super(`${code}: ${body.slice(0, 2_000)}`)
    this.status = code
    this.said = statusOf(body)
  }
}

const tls = /CERT|TLS|SSL|SELF_SIGNED|VERIFY|UNABLE_TO|ERR_SSL/
const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''

export const outcomeUnknown = (cause: unknown): GateError =>
  new GateError(
    'OUTCOME_UNKNOWN',
    'The cluster was asked for the change, and nobody heard whether it was made.',
    {
      hint: 'Look at the object with kube_get before you send anything again.',
      retry: false,
      cause,
    },
  )

/** What broke on the way. `write`: what was sent may have been done. */
export const lost = (thrown: unknown, session: Session, write: boolean): GateError => {
  if (thrown instanceof GateError) return thrown
  if (write && thrown instanceof Lost && thrown.sent) return outcomeUnknown(thrown)
  const { target, signal, limits } = session
  if (signal.aborted)
    return signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
      ? new GateError('TIMEOUT', `${target.name} gave no answer in ${limits.seconds} s.`, {
          retry: true,
          cause: thrown,
        })
      : new GateError('CANCELLED', 'The call was cancelled.', { cause: thrown })
  const cause = thrown instanceof Lost ? thrown.cause : thrown
  const what = tls.test(codeOf(cause))
    ? 'has a certificate that is not trusted, or refused ours'
    : thrown instanceof Lost && thrown.sent
      ? 'broke off before its answer was whole'
      : 'can not be reached'
  return new GateError('TARGET_UNREACHABLE', `${target.name} ${what}.`, {
    retry: !tls.test(codeOf(cause)),
    cause: thrown,
  })
}

/** A refusal in general words; those that need more (403, 404, 409) are worded by `teach.ts` before it comes to this. */
export const refusal = (refused: Refused, session: Session, what: What): GateError => {
  const teaching = { targetCode: String(refused.status), cause: refused }
  const { name } = session.target
  switch (refused.status) {
    case 400:
      return new GateError(
        'INPUT_REFUSED',
        `${name} does not take this request for ${wordsOf(what)}.`,
        {
          ...teaching,
          hint: 'Look at the selectors and the name.',
        },
      )
    case 401:
      return new GateError(
        'TARGET_UNREACHABLE',
        `${name} does not take the credential that the gateway has for it.`,
        {
          ...teaching,
          hint: 'An operator has to renew it.',
        },
      )
    case 404:
      return new GateError(
        'TARGET_FAILED',
        `${name} has no ${wordsOf(what)}${what.name ? ` ${what.name}` : ''}${placeOf(what)}.`,
        teaching,
      )
    case 405:
      return new GateError(
        'INPUT_REFUSED',
        `${wordsOf(what)} can not be asked for that way.`,
        teaching,
      )
    case 409:
      return new GateError(
        'TARGET_FAILED',
        'Somebody else changed the object at the same time. Nothing was changed.',
        {
          ...teaching,
          retry: true,
        },
      )
    case 410:
      return new GateError(
        'TARGET_FAILED',
        'The cursor is too old: the cluster has forgotten that state of its list.',
        {
          ...teaching,
          hint: 'Begin again without cursor.',
        },
      )
    case 413:
      return new GateError('INPUT_REFUSED', 'The object is too large for the cluster.', teaching)
    case 422:
      return invalid(refused, teaching)
    case 429:
    case 503:
      return new GateError('TARGET_FAILED', `${name} is busy or starting and refused for now.`, {
        ...teaching,
        retry: true,
      })
    case 504:
      return new GateError('TIMEOUT', `${name} gave up on the request.`, {
        ...teaching,
        retry: true,
      })
    default:
      return new GateError('TARGET_FAILED', `${name} failed on the request.`, {
        ...teaching,
        retry: refused.status >= 500,
      })
  }
}

/** Paths of fields are names of the API's; what is wrong with their values is not told, since that quotes them. */
export const fieldPath = (field: string | undefined): string | undefined =>
  field !== undefined && /^\.?[A-Za-z0-9_.[\]"=:,/{}-]{1,200}$/.test(field) ? field : undefined

const reasons: Readonly<Record<string, string>> = {
  FieldValueRequired: 'is missing',
  FieldValueNotFound: 'names what is not there',
  FieldValueDuplicate: 'is there twice',
  FieldValueForbidden: 'may not be set here',
  FieldValueNotSupported: 'is none of the values that are possible',
  FieldValueTooLong: 'is too long',
  FieldValueTooMany: 'has too many entries',
  FieldValueTypeInvalid: 'has the wrong type',
}
const invalid = (refused: Refused, teaching: { targetCode: string; cause: unknown }): GateError => {
  const said = (refused.said.details?.causes ?? []).flatMap(({ field, reason }) => {
    const path = fieldPath(field)
    return path ? [`${path} ${reasons[reason ?? ''] ?? 'is not valid'}`] : []
  })
  return new GateError(
    'INPUT_REFUSED',
    said.length > 0
      ? `The object is not valid: ${said.slice(0, 5).join('; ')}. Nothing was changed.`
      : 'The object is not valid. Nothing was changed.',
    teaching,
  )
}

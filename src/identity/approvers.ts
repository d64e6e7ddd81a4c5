/** Local approvers: people of `identity.approvers` who prove themselves by a passphrase, freshly, for one request. */
import { type KeyObject, randomUUID, sign } from 'node:crypto'
import { GateError } from '../errors.ts'
import type { Caller, Fields } from '../types.ts'
import { identified } from './caller.ts'
import { localIssuer } from './local.ts'
import { passphraseKey } from './passphrase.ts'
import type { RefusalKind } from './refusals.ts'

export interface Approver {
  readonly subject: string
  readonly groups: readonly string[]
  /** `scrypt:N:r:p:salt:hash` */
  readonly passphrase: string
}

const keys = new WeakMap<Caller, KeyObject>()

/** A signature over the text by the approver's own key, which only the passphrase gives; undefined for a caller who did not prove by one. */
export const approverSignature = (caller: Caller, text: string): Buffer | undefined => {
  const key = keys.get(caller)
  return key && sign(null, Buffer.from(text), key)
}

export interface Approvers {
  /** Throws NOT_IDENTIFIED, in the same words for an unknown subject and a wrong passphrase. */
  prove(subject: string, passphrase: string, origin: Fields): Promise<Caller>
}

const freeTries = 3
const longestWaitMs = 15 * 60_000
const mostWaiting = 8
/** Tries a minute over all subjects. */
const triesPerMinute = 30

interface Tries {
  failed: number
  /** Monotonic time before which no try is looked at. */
  notBefore: number
}

// Same cost as a real one, and no passphrase fits it: a subject that is not there answers as slowly as one that is.
const nobody = `scrypt:131072:8:1:${Buffer.alloc(16).toString('base64url')}:${Buffer.alloc(32).toString('base64url')}`

/**
 * An agent may hold a shell under the approver's own account and guess. So tries run one after the other, the wait doubles
 * with each wrong one after the third (to 15 minutes), and all subjects together have 30 tries a minute.
 */
export const localApprovers = (
  approvers: readonly Approver[],
  options: {
    readonly refused?: (kind: RefusalKind) => void
    /** Monotonic milliseconds. */
    readonly now?: () => number
  } = {},
): Approvers => {
  const now = options.now ?? (() => performance.now())
  const known = new Map(approvers.map((approver) => [approver.subject, approver]))
  const tries = new Map<string, Tries>()
  const recent: number[] = []
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const lockedOut = (ms: number): GateError => {
    options.refused?.('locked-out')
    const seconds = Math.max(1, Math.ceil(ms / 1000))
    return new GateError(
      'NOT_IDENTIFIED',
      `Too many wrong passphrases: the next try is looked at in ${seconds} s.`,
    )
  }

  const attempt = async (subject: string, passphrase: string, origin: Fields): Promise<Caller> => {
    const approver = known.get(subject)
    // Subjects that are not there share one count, so that the table stays as small as the configuration.
    const counted = approver === undefined ? '' : `=${subject}`
    const before = tries.get(counted) ?? { failed: 0, notBefore: 0 }
    const at = now()
    if (at < before.notBefore) throw lockedOut(before.notBefore - at)
    while ((recent[0] ?? at) <= at - 60_000) recent.shift()
    if (recent.length >= triesPerMinute) throw lockedOut((recent[0] ?? at) + 60_000 - at)
    recent.push(at)
    const key = await passphraseKey(passphrase, approver?.passphrase ?? nobody)
    if (approver === undefined || key === undefined) {
      const failed = before.failed + 1
      const waitMs =
        failed < freeTries ? 0 : Math.min(longestWaitMs, 1000 * 2 ** (failed - freeTries))
      tries.set(counted, { failed, notBefore: now() + waitMs })
      options.refused?.('passphrase')
      throw new GateError('NOT_IDENTIFIED', 'No approver of that name with that passphrase.')
    }
    tries.delete(counted)
    const caller = identified({
      iss: localIssuer,
      sub: approver.subject,
      client: '',
      groups: approver.groups,
      via: 'cli',
      auth: 'passphrase',
      session: randomUUID(),
      origin,
    })
    keys.set(caller, key)
    return caller
  }

  return {
    prove: (subject, passphrase, origin) => {
      if (waiting >= mostWaiting) return Promise.reject(lockedOut(1000))
      waiting += 1
      const mine = last.then(() => attempt(subject, passphrase, origin))
      last = mine.then(
        () => undefined,
        () => undefined,
      )
      return mine.finally(() => {
        waiting -= 1
      })
    },
  }
}

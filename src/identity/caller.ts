/** The only maker of callers: whoever is not made here is nobody (law 2). */
import { GateError } from '../errors.ts'
import type { Caller } from '../types.ts'

export type CallerFields = Pick<
  Caller,
  'iss' | 'sub' | 'client' | 'groups' | 'via' | 'auth' | 'session' | 'origin'
>

const made = new WeakSet<object>()

// Names go into the log's header as they are: no control characters, no unbounded text.
const name = /^[^\p{Cc}\p{Cs}]{1,512}$/u

/**
 * A verified caller. `fields` come from a proof that has already succeeded (token, socket, passphrase).
 * Throws NOT_IDENTIFIED when issuer, subject, session or a group is no usable name.
 */
export const identified = (fields: CallerFields): Caller => {
  const { iss, sub, client, groups, via, auth, session, origin } = fields
  const named = name.test(iss) && name.test(sub) && name.test(session)
  if (!named || (client !== '' && !name.test(client)) || !groups.every((group) => name.test(group)))
    throw new GateError('NOT_IDENTIFIED', 'The sign-in names nobody that can be recorded.')
  const caller = Object.freeze({
    iss,
    sub,
    client,
    groups: Object.freeze([...groups]),
    via,
    auth,
    session,
    origin: Object.freeze({ ...origin }),
  })
  made.add(caller)
  // The brand is a type only; membership in `made` is what `isCaller` looks at.
  return caller as unknown as Caller
}

/** Whether this very object came from `identified`; a look-alike or a copy did not. */
export const isCaller = (value: unknown): value is Caller =>
  typeof value === 'object' && value !== null && made.has(value)

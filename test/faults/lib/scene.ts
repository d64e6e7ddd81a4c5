/** What is judged: who took part in a history that is over. */
import type pg from 'pg'
import { keyBytes, openKeyWrap } from '../../../src/vault/key-wrap.ts'
import { type Gateway, keyText } from './gateway.ts'
import type { History } from './history.ts'
import type { Target } from './target.ts'

export interface Scene {
  /** Of the superuser, on the database of the log. */
  readonly admin: pg.Pool
  readonly target: Target
  readonly history: History
  /** Every gateway that took part, also those that are gone. */
  readonly gateways: readonly Gateway[]
  /** Checkpoints that somebody noted on the way, by `notedCheckpoint`. */
  readonly noted?: readonly Noted[]
  /** More that may show up nowhere. */
  readonly secrets?: readonly string[]
  /** The fault damages the log on purpose: what the verifier says is judged by the case. */
  readonly damaged?: boolean
}

export interface Noted {
  readonly size: number
  readonly note: string
}

/** Opens what the run's gateways sealed. */
export const keysOf = () => openKeyWrap(keyBytes(keyText('vault.key'), 'test'))

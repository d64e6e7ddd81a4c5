/** Why no connection came about, in our words. */
import { GateError } from '../../errors.ts'
import type { PostgresTarget } from '../../types.ts'
import { ProtocolError } from './wire/frames.ts'
import { LoginRefused } from './wire/login.ts'
import { NoTls } from './wire/socket.ts'

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''

const loginWords = (sqlState: string): string => {
  if (sqlState.startsWith('28')) return 'refused the credential that the gateway has for it'
  if (sqlState === '3D000') return 'has no database of the configured name'
  if (sqlState === '53300') return 'has no free connections'
  if (sqlState.startsWith('57P')) return 'is starting up or shutting down'
  return 'refused the connection'
}

const words = (cause: unknown): string => {
  if (cause instanceof LoginRefused) return loginWords(cause.server.sqlState)
  if (cause instanceof NoTls) return 'offers no TLS, which the configuration asks for'
  if (cause instanceof ProtocolError) return 'does not answer as PostgreSQL does'
  const code = codeOf(cause)
  if (/CERT|TLS|SSL|SELF_SIGNED|VERIFY/.test(code)) return 'has a certificate that is not trusted'
  return 'can not be reached'
}

/** `cause` is what `Connection.open` rejected with; `aborted` the caller's own cancellation. */
export const unreachable = (
  target: PostgresTarget,
  cause: unknown,
  aborted: boolean,
  ms: number,
): GateError => {
  if (cause instanceof GateError) return cause
  if (aborted) return new GateError('CANCELLED', 'The call was cancelled before it ran.')
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new GateError(
      'TARGET_UNREACHABLE',
      `${target.name} did not answer in ${Math.round(ms)} ms.`,
      {
        retry: true,
        cause,
      },
    )
  const sqlState = cause instanceof LoginRefused ? cause.server.sqlState : undefined
  return new GateError('TARGET_UNREACHABLE', `${target.name} ${words(cause)}.`, {
    retry: sqlState === undefined ? codeOf(cause) !== '' : /^(53|57P)/.test(sqlState),
    ...(sqlState === undefined ? {} : { targetCode: sqlState }),
    cause,
  })
}

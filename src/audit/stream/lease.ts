/** Whether this process may still act for its stream, by the monotonic clock alone. */
import type { Clock } from './clock.ts'

export interface Lease {
  readonly held: boolean
  /** True in the last two thirds of it. */
  readonly aging: boolean
  /** `sentAt`: monotonic time from before the statement that extended it was sent. */
  renewed(sentAt: bigint): void
}

export const openLease = (clock: Clock, leaseMs: number, sentAt: bigint): Lease => {
  const length = BigInt(Math.round(leaseMs * 1_000_000))
  let until = sentAt + length
  return {
    get held() {
      return clock.monoNs() < until
    },
    get aging() {
      return (until - clock.monoNs()) * 3n < length * 2n
    },
    renewed(at) {
      until = at + length
    },
  }
}

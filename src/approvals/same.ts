/** The same call sent again while the first is held attaches to it. */
import type { Approvals } from '../types.ts'
import { canonical } from './canonical.ts'
import { opened } from './open.ts'
import type { ApprovalsOptions } from './ports.ts'
import type { Rows } from './query.ts'
import { approvalOf } from './row.ts'

const withoutReason = (input: unknown): string => {
  const { reason: _reason, idempotency_key: _key, ...rest } = input as Record<string, unknown>
  return canonical(rest)
}

/** Digests are keyed per approval, so each open one of this caller on this tool and target is opened and compared. */
export const sameWith =
  ({ keys }: ApprovalsOptions, many: Rows['many']): Approvals['same'] =>
  async (caller, tool, targetIdentity, input) => {
    const open = await many(
      "a.state in ('requested', 'approved') and a.expires_at > clock_timestamp() and a.iss = $1 and a.sub = $2 and a.client = $3 and a.tool = $4 and a.target_identity = $5",
      [caller.iss, caller.sub, caller.client, tool, targetIdentity],
    )
    const wanted = withoutReason(input)
    for (const found of open) {
      if (found.over) continue
      try {
        if (withoutReason(opened(found, keys)) === wanted) return approvalOf(found)
      } catch {
        // A row that can't be opened is nobody's repetition.
      }
    }
    return undefined
  }

/** The forms of an answer: `ok`, `pending_approval`, `running`, and refusals that teach. One flat shape for all. */
import type { GateError } from '../errors.ts'
import type { Approval, Json, Masked, MaskedOutput, Receipt } from '../types.ts'
import type { Reply } from './ports.ts'

/** Text built from our own words, codes, ids and already masked values. */
const ours = (value: Json): Masked<string> => JSON.stringify(value) as Masked<string>

const withFrame = (
  status: string,
  callId: string,
  receipt: Receipt | undefined,
  object: Masked<string>,
): Masked<string> => {
  const head = `{"status":"${status}","call_id":"${callId}"${receipt ? `,"receipt":${ours({ ...receipt })}` : ''}`
  return (object === '{}' ? `${head}}` : `${head},${object.slice(1)}`) as Masked<string>
}

export const okReply = (callId: string, receipt: Receipt, json: MaskedOutput['json']): Reply => ({
  callId,
  isError: false,
  json: withFrame('ok', callId, receipt, json),
})

/** The refusal object: what the log holds for a refused, denied or failed call, and what the agent gets. */
export const refusal = (error: GateError): Masked<string> => {
  const { hint, rules, retry, position, targetCode } = error.teaching
  return ours({
    refused: {
      code: error.code,
      message: error.message,
      ...(rules && rules.length > 0 ? { rules: [...rules] } : {}),
      ...(hint === undefined ? {} : { hint }),
      ...(position === undefined ? {} : { position }),
      ...(targetCode === undefined ? {} : { target_code: targetCode }),
      retry: retry ?? false,
    },
  })
}

export const refusedReply = (
  callId: string,
  receipt: Receipt | undefined,
  refusalJson: Masked<string>,
): Reply => ({ callId, isError: true, json: withFrame('refused', callId, receipt, refusalJson) })

export const pendingReply = (
  callId: string,
  receipt: Receipt | undefined,
  held: Pick<Approval, 'needs' | 'expiresAt' | 'rules'>,
): Reply => ({
  callId,
  open: true,
  isError: false,
  json: withFrame(
    'pending_approval',
    callId,
    receipt,
    ours({
      approval: {
        rules: [...held.rules],
        needs: held.needs.map((need) => ({
          groups: [...need.groups],
          quorum: need.quorum,
          self: need.self,
        })),
        expires_at: held.expiresAt.toISOString(),
      },
      next: `Nothing has run. A person has to approve it; then call_wait with call_id "${callId}" runs it and returns the result.`,
    }),
  ),
})

export const runningReply = (callId: string): Reply => ({
  callId,
  open: true,
  isError: false,
  json: withFrame(
    'running',
    callId,
    undefined,
    ours({ next: `Still running. call_wait with call_id "${callId}" returns the result.` }),
  ),
})

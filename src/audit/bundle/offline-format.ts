/** What was found in a bundle or a receipt, for people and for programs. */

import { visible } from '../visible.ts'
import type { BundleVerification } from './verification.ts'

/** Lines of text. */
export const formatBundleVerification = (seen: BundleVerification): string => {
  const what = seen.kind === 'receipt' ? 'receipt' : 'bundle'
  const verdicts = {
    0: 'Nothing was changed, as far as was checked.',
    1: `The ${what} is not what was signed: ${seen.wrong} ${seen.wrong === 1 ? 'place is' : 'places are'} wrong.`,
    2: 'The evidence is not complete.',
  }
  const rate =
    seen.ms > 0 && seen.events > 1 ? `, ${Math.round((seen.events * 1000) / seen.ms)}/s` : ''
  return [
    verdicts[seen.exit],
    `${visible(seen.log)}: ${seen.events} events in ${seen.streams} streams${rate}; signed up to ${seen.signed}; ${seen.payloads.checked} contents compared, ${seen.payloads.erased} erased; ${seen.approvals} approvals spent; ${seen.decisions} decisions made again.`,
    ...seen.findings.map(
      ({ line, seq, stream, what: found }) =>
        `  ${line > 0 ? `line ${line}: ` : ''}${stream ? `stream ${visible(stream)} ` : ''}${seq ? `event ${visible(seq)}: ` : ''}${visible(found)}`,
    ),
    ...(seen.wrong > seen.findings.length
      ? [`  and ${seen.wrong - seen.findings.length} more`]
      : []),
    ...seen.incomplete.map((one) => `  incomplete: ${visible(one)}`),
    ...seen.notChecked.map((one) => `  not checked: ${visible(one)}`),
  ].join('\n')
}

/** One JSON object; `ok` is exit 0. */
export const bundleVerificationJson = (seen: BundleVerification): string =>
  JSON.stringify({ ok: seen.exit === 0, ...seen })

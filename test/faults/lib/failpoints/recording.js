// Failpoint `log.append` (match: a type of event), and the journal of what was acknowledged when, for the judgement of I1.
import { instead, note, reach, real } from './control.js'

const { openRecording: open } = await real('dist/serve/recording.js')

export const openRecording = async (...args) => {
  const recording = await open(...args)
  const { log } = recording
  const append = async (entries, claim) => {
    const types = entries.map(({ type }) => type).join(' ')
    await reach('log.append', 'before', types)
    const receipts = await log.append(entries, claim)
    // Also where a case has set the clock of this process.
    const wall = (globalThis.faultsNow ?? Date.now)()
    const at = String(process.hrtime.bigint())
    for (const [n, { callId, type }] of entries.entries())
      if (callId) note({ at, wall, call: callId, type, leaf: receipts[n]?.leaf })
    await reach('log.append', 'after', types)
    return receipts
  }
  return { ...recording, log: instead(log, { append }) }
}

// What a case got, and whether that is what it must get.

/** Codes that mean that the gateway said no, against those that mean that something broke on the way. */
const denials = new Set([
  'INPUT_REFUSED',
  'SYNTAX_ERROR',
  'NOT_ALLOWED',
  'TARGET_UNKNOWN',
  'NOT_IDENTIFIED',
  'BUDGET_SPENT',
  'PAUSED',
  'INEXPRESSIBLE',
])

const gotOf = (answer) => {
  if (answer.status === 'ok' || answer.status === 'running') return 'allow'
  if (answer.status === 'pending_approval') return 'hold'
  return denials.has(answer.refused?.code) ? 'deny' : 'error'
}

/** One line of the report. `canaries`: values that must never come back in the clear. */
export const judge = (one, call, answer, changed, canaries) => {
  const got = gotOf(answer)
  const text = JSON.stringify(answer)
  const leaked = canaries.some((value) => text.includes(value))
  return {
    id: one.id,
    tool: call.tool,
    expect: one.expect,
    got,
    code: answer.refused?.code ?? 'OK',
    changed,
    ...(call.known ? { inexpressible: true } : {}),
    ...(leaked ? { leaked: true } : {}),
    ...(answer.truncated ? { truncated: true } : {}),
  }
}

const excused = (one, row) => {
  const also = one.also_ok ?? []
  if (also.includes('allow')) return true
  if (also.includes('allow-masked')) return !row.leaked
  // A read that the limits ended is bounded; so is one that came back within them.
  return also.includes('allow-bounded')
}

/** `{cases, adversarial_allowed, benign_refused, changed}`: a benign case passes when one of its tools allows it, an adversarial one when none does. */
export const total = (rows) => {
  const byCase = new Map()
  for (const { one, row } of rows)
    byCase.set(one.id, { one, rows: [...(byCase.get(one.id)?.rows ?? []), row] })
  const failed = { adversarial_allowed: [], benign_refused: [], changed: [] }
  let inexpressible = 0
  for (const [id, { one, rows: own }] of byCase) {
    if (own.some((row) => row.changed)) failed.changed.push(id)
    if (one.expect === 'allow') {
      // What no tool is meant to do is told, and is no over-blocking.
      if (own.every((row) => row.inexpressible)) inexpressible++
      else if (!own.some((row) => row.got === 'allow')) failed.benign_refused.push(id)
    } else if (own.some((row) => row.leaked || (row.got === 'allow' && !excused(one, row))))
      failed.adversarial_allowed.push(id)
  }
  return {
    cases: byCase.size,
    adversarial_allowed: failed.adversarial_allowed.length,
    benign_refused: failed.benign_refused.length,
    changed: failed.changed.length,
    ...(inexpressible > 0 ? { inexpressible } : {}),
    ...(Object.values(failed).some((ids) => ids.length > 0) ? { failed } : {}),
  }
}

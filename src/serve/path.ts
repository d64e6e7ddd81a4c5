/** The path of a call, its ports filled, and what is measured of it. */
import { GateError } from '../errors.ts'
import { openOnce } from '../gateway/once.ts'
import type { Gateway } from '../gateway/ports.ts'
import { openGateway } from '../gateway.ts'
import { budget } from '../guards/index.ts'
import { answering, unavailable } from '../store/connect.ts'
import { subKey } from '../vault/key-wrap.ts'
import type { Ground } from './ground.ts'
import { type Metrics, openMetrics } from './metrics.ts'
import type { Recording } from './recording.ts'
import { countRefusedCalls } from './refused-calls.ts'
import type { Rules } from './rules.ts'
import type { Start } from './start.ts'

export const openPath = (
  { closing, config, logger }: Start,
  { key, masker, store, vault }: Ground,
  { log, reader, self, tree }: Recording,
  { approvals, pauses, policy, targets, tools }: Rules,
): { readonly gateway: Gateway; readonly metrics: Metrics } => {
  const limit = config.server.budget && budget(config.server.budget.callsPerMinute)
  const metrics = openMetrics({
    ...tree.gauges,
    in_flight: { help: 'Calls under way.', read: () => gateway.inFlight() },
    log_waiting: { help: 'Appends that wait for a commit.', read: () => log.waiting() },
    log_sequence: {
      help: "Events in this process's stream.",
      read: () => Number(log.head().seq),
    },
  })
  const recorded = countRefusedCalls(log)
  closing.add(() => recorded.close())
  const gateway = openGateway({
    tools: new Map(tools.tools.map((tool) => [tool.name, tool])),
    families: tools.families,
    targets,
    paused: pauses.stopped,
    guards: [pauses.guard, ...(limit ? [limit.guard] : []), policy.guard],
    mayEver: policy.mayEver,
    modes: policy.modes,
    masker,
    vault,
    approvals,
    log: recorded,
    outcome: (callId, caller) =>
      reader.outcome(callId, caller).catch((thrown: unknown) => {
        throw thrown instanceof GateError ? thrown : unavailable(thrown)
      }),
    once: openOnce(answering(store.pool), subKey(key, 'once')),
    self,
    waitMs: config.approvals.waitSeconds * 1_000,
    report: (error, context) => logger.warn({ err: error, ...context }, error.code),
    later: (entry) => log.later(entry),
    measure: metrics.measure,
    ...(limit ? { spend: limit.spend } : {}),
  })
  return { gateway, metrics }
}

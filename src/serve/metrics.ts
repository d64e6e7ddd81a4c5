/** Prometheus metrics: names of tools and codes only, no caller, no target content. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Measured } from '../gateway/ports.ts'

export interface Metrics {
  measure(call: Measured): void
  refusedSignIn(kind: string): void
  read(): Promise<{ contentType: string; text: string }>
}

/** `gauges` are read when somebody asks. */
export const openMetrics = (
  gauges: Readonly<Record<string, { help: string; read(): number }>>,
): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'countersign_' })
  const calls = new Counter({
    name: 'countersign_calls_total',
    help: 'Calls by tool and whether they were answered with an error.',
    labelNames: ['tool', 'error'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'countersign_call_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['tool'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 45],
    registers: [registry],
  })
  const refused = new Counter({
    name: 'countersign_refused_sign_ins_total',
    help: 'Refused sign-ins by kind.',
    labelNames: ['kind'],
    registers: [registry],
  })
  for (const [name, { help, read }] of Object.entries(gauges))
    new Gauge({
      name: `countersign_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  return {
    measure: ({ tool, isError, ms }) => {
      calls.inc({ tool, error: String(isError) })
      seconds.observe({ tool }, ms / 1_000)
    },
    refusedSignIn: (kind) => refused.inc({ kind }),
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

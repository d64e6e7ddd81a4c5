/** The tool `targets`: what this caller may reach, with which tools, in which mode and limits. Needs no grant, touches no target. */
import { z } from 'zod'
import type { Caller, Json, Output, TargetKind } from '../types.ts'
import { usable } from './admit.ts'
import type { Ports } from './ports.ts'

export const targetsInput = z.strictObject({
  kind: z.enum(['postgres', 'kubernetes', 'ssh', 'http']).optional(),
  reason: z.string().max(500).optional(),
})

export const targetsOf = (caller: Caller, kind: TargetKind | undefined, ports: Ports): Output => {
  const found = new Map<string, Json[]>()
  for (const tool of ports.tools.values())
    for (const target of usable(caller, tool, ports)) {
      if (kind !== undefined && target.kind !== kind) continue
      const modes = ports.modes?.(caller, tool.name, target)
      const entry: Json =
        modes && Object.keys(modes).length > 0 ? { tool: tool.name, ...modes } : { tool: tool.name }
      found.set(target.name, [...(found.get(target.name) ?? []), entry])
    }
  const targets: Json[] = [...found].map(([name, tools]) => {
    const target = ports.targets.get(name)
    if (!target) return { name }
    const { rows, bytes, seconds } = target.limits
    return {
      name,
      kind: target.kind,
      labels: { ...target.labels },
      tools,
      limits: { rows, bytes, seconds },
    }
  })
  return {
    kind: 'fields',
    fields: {
      targets,
      ...(targets.length === 0
        ? {
            note: 'You may use no target. An administrator gives access with `grants` in the configuration file.',
          }
        : {}),
    },
  }
}

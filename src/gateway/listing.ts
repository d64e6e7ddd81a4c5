/** tools/list, made once: names, descriptions, input schemas, and one flat output schema for results and refusals. */
import { z } from 'zod'
import type { Json, Tool } from '../types.ts'
import { builtins } from './builtins.ts'
import type { ToolListing } from './ports.ts'

const refusedSchema: Json = {
  type: 'object',
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    rules: { type: 'array', items: { type: 'string' } },
    hint: { type: 'string' },
    position: { type: 'integer' },
    target_code: { type: 'string' },
    retry: { type: 'boolean' },
  },
}

/** Clients check `structuredContent` against this for errors too, so every member but two is optional. */
const outputSchema = (own: Readonly<Record<string, Json>>): Json => ({
  type: 'object',
  properties: {
    status: { enum: ['ok', 'pending_approval', 'running', 'refused'] },
    call_id: { type: 'string' },
    receipt: { type: 'object' },
    refused: refusedSchema,
    approval: { type: 'object' },
    next: { type: 'string' },
    truncated: { type: 'boolean' },
    ...own,
  },
  required: ['status', 'call_id'],
})

/** Only what a model needs of a JSON Schema: the dialect's address and the bounds of safe integers are noise to it. */
const inputSchema = (input: z.ZodType): Json => {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(input, {
    io: 'input',
    unrepresentable: 'any',
  })
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) ||
      (key === 'minimum' && value === Number.MIN_SAFE_INTEGER)
        ? undefined
        : value,
    ),
  ) as Json
}

export const listing = (tools: ReadonlyMap<string, Tool>): ReadonlyMap<string, ToolListing> => {
  const all = [...builtins.values(), ...tools.values()]
  return new Map(
    all.map((tool) => [
      tool.name,
      {
        name: tool.name,
        title: tool.title,
        description: tool.description,
        inputSchema: inputSchema(tool.input),
        outputSchema: outputSchema(tool.output),
        annotations: tool.annotations,
      },
    ]),
  )
}

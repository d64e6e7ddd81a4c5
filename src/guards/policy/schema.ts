/** The Cedar schema, generated from the tools: what policies may look at. Policies are validated against it at start. */
import type { SchemaJson, Type } from '@cedar-policy/cedar-wasm/nodejs'
import { GateError } from '../../errors.ts'
import type { FactKind, Tool } from '../../types.ts'
import { canonical } from './canonical.ts'

export type PolicyTool = Pick<Tool, 'name' | 'kind' | 'factKinds' | 'ceiling'>

// Of the context beside a tool's facts; a fact of that name would be read as something else.
const ours = new Set(['effect', 'time'])

const types: Readonly<Record<FactKind, Type<string>>> = {
  string: { type: 'String' },
  strings: { type: 'Set', element: { type: 'String' } },
  boolean: { type: 'Boolean' },
  long: { type: 'Long' },
}

/**
 * Text of the schema: `User` in `Group`s; a `Target` with name, kind and its labels as tags; an action a tool, whose
 * context has `effect`, `time` and the tool's facts. Throws INTERNAL when a tool's facts can't be told apart from ours.
 */
export const schemaText = (tools: readonly PolicyTool[]): string => {
  const actions = tools.map((tool) => {
    const clash = Object.keys(tool.factKinds).find(
      (fact) => ours.has(fact) || !/^[a-z_]\w*$/i.test(fact),
    )
    if (clash !== undefined)
      throw new GateError(
        'INTERNAL',
        `The tool ${tool.name} has a fact ${clash}, which no policy could read.`,
      )
    const facts = Object.entries(tool.factKinds).map(([fact, kind]) => [fact, types[kind]] as const)
    const attributes = {
      ...Object.fromEntries(facts),
      effect: { type: 'String' as const },
      time: { type: 'Extension' as const, name: 'datetime' },
    }
    const applies = {
      principalTypes: ['User'],
      resourceTypes: ['Target'],
      context: { type: 'Record' as const, attributes },
    }
    return [tool.name, { appliesTo: applies }] as const
  })
  const schema: SchemaJson<string> = {
    '': {
      entityTypes: {
        Group: {},
        User: {
          memberOfTypes: ['Group'],
          shape: {
            type: 'Record',
            attributes: {
              iss: { type: 'String' },
              sub: { type: 'String' },
              client: { type: 'String' },
            },
          },
        },
        Target: {
          shape: {
            type: 'Record',
            attributes: { name: { type: 'String' }, kind: { type: 'String' } },
          },
          tags: { type: 'String' },
        },
      },
      actions: Object.fromEntries(actions),
    },
  }
  return canonical(schema)
}

/** kube_get: lists and single objects, as the server's table, as names, as YAML, or the fields that were asked for. */

import { GateError } from '../../errors.ts'
import type { Json, KubernetesTarget, Output, Session, Tool } from '../../types.ts'
import { type Api, TooLarge } from './api.ts'
import type { Desk } from './desk.ts'
import { kubeFactKinds, pathOf } from './facts.ts'
import { type GetFacts, type GetInput, getFacts, getInput } from './get-facts.ts'
import { outputs } from './inputs.ts'
import { isLabel } from './names.ts'
import { at, shownObject, textAt } from './objects.ts'
import { parsePath } from './pick.ts'
import { fieldTable, itemsOf, plainTable, type Rows, tableOf } from './rows.ts'
import { secretsOfNamespace } from './secrets.ts'
import { teaching } from './teach.ts'
import { access, health } from './virtual.ts'
import { yamlText } from './yaml-text.ts'

const defaultLimit = 100
const mostNamespaces = 50
const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const namesType =
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json'

/** One page of an answer, and where the next one begins. */
interface Page {
  readonly answer: Json
  readonly next: string
  readonly remaining: Json | undefined
}

const page = async (
  api: Api,
  given: GetInput,
  { what, version, all }: GetFacts,
  token: string,
  limit: number,
): Promise<Page> => {
  const format = given.fields ? 'fields' : (given.format ?? 'table')
  const list = what.verb === 'list'
  const answer = await api.json({
    path: pathOf(what, version),
    query: {
      ...(list
        ? {
            limit: String(limit),
            labelSelector: given.label_selector,
            fieldSelector: given.field_selector,
          }
        : {}),
      ...(token ? { continue: token } : {}),
      // The object itself is in no table; of a list over all namespaces its metadata is wanted.
      ...(format === 'table' && !all ? { includeObject: 'None' } : {}),
    },
    accept: format === 'table' ? tableType : format === 'names' ? namesType : 'application/json',
  })
  if (itemsOf(answer) === undefined)
    throw new GateError(
      'TARGET_FAILED',
      `${api.session.target.name} does not answer as Kubernetes does.`,
    )
  return {
    answer,
    next: textAt(answer, 'metadata', 'continue'),
    remaining: at(answer, 'metadata', 'remainingItemCount'),
  }
}

/** What is made of a page; undefined when it is more than may be returned. */
const shown = (
  given: GetInput,
  { what, all }: GetFacts,
  { answer }: Page,
  most: number,
): Output | undefined => {
  const secret = what.resource === 'secrets' && what.group === ''
  const items = () => (itemsOf(answer) ?? []).map((item) => shownObject(item, secret))
  if (given.format === 'yaml') return yaml(items(), most)
  if (given.format === 'names') {
    const names = (itemsOf(answer) ?? []).map((item) => {
      const own = textAt(item, 'metadata', 'name')
      return all ? `${textAt(item, 'metadata', 'namespace')}/${own}` : own
    })
    return sizeOf(names) > most ? undefined : { kind: 'fields', fields: { names } }
  }
  const rows: Rows = given.fields
    ? fieldTable(
        items(),
        given.fields.map((text) => ({ text, path: parsePath(text) })),
        all,
      )
    : (tableOf(answer, all) ?? plainTable(itemsOf(answer) ?? [], all))
  const bytes = rows.rows.reduce((sum, row) => sum + sizeOf(row), 0)
  return bytes > most ? undefined : { kind: 'table', ...rows, truncated: false }
}

const sizeOf = (row: readonly (string | null)[]): number =>
  row.reduce((sum, cell) => sum + 3 + (cell === null ? 4 : Buffer.byteLength(cell)), 2)

const yaml = (items: readonly Json[], most: number): Output | undefined => {
  let text = ''
  for (const item of items) {
    text += `${text === '' ? '' : '---\n'}${yamlText(item)}`
    if (text.length > most && items.length > 1) return undefined
  }
  const bytes = Buffer.from(text)
  const cut = bytes.length > most
  // Cut at the end of a line: a part of a secret would not be known as one.
  const end = cut ? bytes.lastIndexOf(10, most) + 1 : bytes.length
  return {
    kind: 'fields',
    fields: { yaml: bytes.toString('utf8', 0, end) },
    truncated: cut,
  }
}

/** Pages are made smaller until they fit, so that a cursor never skips anything. */
const fitting = async (
  api: Api,
  given: GetInput,
  facts: GetFacts,
  token: string,
): Promise<{ output: Output; page: Page }> => {
  const { limits } = api.session
  const most = limits.bytes
  for (
    let limit = Math.min(given.limit ?? defaultLimit, limits.rows);
    ;
    limit = Math.floor(limit / 4)
  ) {
    try {
      const got = await page(api, given, facts, token, Math.max(1, limit))
      const output = shown(given, facts, got, most)
      if (output) return { output, page: got }
    } catch (thrown) {
      if (!(thrown instanceof TooLarge) || facts.what.verb !== 'list') throw thrown
    }
    if (limit <= 1)
      throw new GateError(
        'TARGET_FAILED',
        'Even one object is larger than this target may return.',
        {
          hint: 'Ask for some fields of it.',
        },
      )
  }
}

/** Everything that a cursor is bound to. */
const boundTo = (
  { cursor: _, reason: __, limit: ___, ...given }: GetInput,
  session: Session<KubernetesTarget>,
): string =>
  JSON.stringify([
    session.caller.iss,
    session.caller.sub,
    session.target.name,
    Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)),
  ])

/** Where the objects of an answer lie, as far as masking can follow: each namespace costs a request now and then. */
const namespacesIn = (answer: Json, asked: string): readonly string[] => {
  if (asked) return [asked]
  const found = (itemsOf(answer) ?? []).map((item) => textAt(item, 'metadata', 'namespace'))
  return [...new Set(found)].filter(isLabel).slice(0, mostNamespaces)
}

const run = async (desk: Desk, api: Api, given: GetInput, facts: GetFacts): Promise<Output> => {
  const { what, version } = facts
  const { session } = api
  const bound = boundTo(given, session)
  const token = given.cursor === undefined ? '' : desk.cursors.open(given.cursor, bound)
  return teaching(api, what, version, async () => {
    if (what.resource === 'health' && version === '') return health(api)
    if (what.resource === 'access' && version === '') return access(api, what.namespace)
    const { output, page: got } = await fitting(api, given, facts, token)
    // Values of Secrets may be repeated in other objects; tables of the server's show none.
    if (given.fields || given.format === 'yaml')
      for (const where of namespacesIn(got.answer, what.namespace))
        await desk.learn(session.target.name, where, () => secretsOfNamespace(api, where))
    const more = {
      ...(got.next ? { cursor: desk.cursors.seal(got.next, bound) } : {}),
      ...(typeof got.remaining === 'number' ? { remaining: got.remaining } : {}),
    }
    if (output.kind === 'process') return output
    return {
      ...output,
      truncated: (output.truncated ?? false) || got.next !== '',
      fields: { ...output.fields, ...more },
    }
  })
}

export const kubeGet = (desk: Desk): Tool<typeof getInput, GetFacts, KubernetesTarget> => ({
  name: 'kube_get',
  title: 'Look at a cluster',
  description:
    'Lists objects or gets one by name; fields are JSONPaths for columns. Secret values are masked. resource health: the cluster; access: your rights in a namespace.',
  kind: 'kubernetes',
  input: getInput,
  output: {
    columns: { type: 'array' },
    rows: { type: 'array' },
    yaml: outputs.text,
    names: { type: 'array' },
    cursor: outputs.text,
    remaining: outputs.number,
    truncated: outputs.boolean,
  },
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { ...kubeFactKinds, all_namespaces: 'boolean' },
  ceiling: 'read',
  facts: getFacts,
  credential: () => 'read',
  run: (given, found, session) =>
    desk.use(session, 'caller', async (api) =>
      desk.withKnown(api, await run(desk, api, given, found)),
    ),
})

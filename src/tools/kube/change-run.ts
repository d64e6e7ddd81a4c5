/** Changes as requests: server-side apply, delete of the very object that was seen, scale, restart; or the same as a dry run. */
import { GateError } from '../../errors.ts'
import type { Fields, Json, Output } from '../../types.ts'
import type { Api, Call } from './api.ts'
import { bindingOf, checkApproved } from './binding.ts'
import type { ChangeFacts } from './change-facts.ts'
import type { ChangeInput } from './change-input.ts'
import { explained, ownConflict } from './conflict.ts'
import type { Desk } from './desk.ts'
import { difference } from './difference.ts'
import { pathOf } from './facts.ts'
import { Refused } from './failure.ts'
import { plain } from './names.ts'
import { at, isObject, isSecret, type Obj, textAt } from './objects.ts'
import { valuesOf } from './secrets.ts'
import { taught } from './teach.ts'

const manager = 'countersign'
const mergePatch = 'application/merge-patch+json'

/** The object as it is; undefined when there is none yet, which only apply allows. */
const before = async (
  api: Api,
  given: ChangeInput,
  { what, version }: ChangeFacts,
): Promise<Obj | undefined> => {
  try {
    const answer = await api.json({ path: pathOf(what, version) })
    return isObject(answer) ? answer : undefined
  } catch (thrown) {
    if (given.action === 'apply' && thrown instanceof Refused && thrown.status === 404)
      return undefined
    throw await taught(thrown, api, { ...what, verb: 'get' }, version)
  }
}

/** The request that makes the change. */
const requestOf = (
  given: ChangeInput,
  { what, version, manifest }: ChangeFacts,
  live: Obj | undefined,
  dryRun: boolean,
): Call => {
  const path = pathOf(what, version)
  const query = { fieldManager: manager, ...(dryRun ? { dryRun: 'All' } : {}) }
  const patch = (type: string, body: Json): Call => ({
    method: 'PATCH',
    path,
    query,
    body: { type, text: JSON.stringify(body) },
    write: !dryRun,
  })
  switch (given.action) {
    case 'apply':
      return {
        ...patch('application/apply-patch+yaml', manifest?.object ?? {}),
        query: { ...query, force: 'false', fieldValidation: 'Strict' },
      }
    case 'scale':
      return patch(mergePatch, { spec: { replicas: given.replicas ?? 0 } })
    case 'restart':
      return patch(mergePatch, {
        spec: {
          template: {
            metadata: {
              annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() },
            },
          },
        },
      })
    case 'delete':
      return {
        method: 'DELETE',
        path,
        body: {
          type: 'application/json',
          text: JSON.stringify({
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            propagationPolicy: 'Background',
            // Another object that has taken its name meanwhile is not meant.
            preconditions: { uid: textAt(live, 'metadata', 'uid') },
            ...(dryRun ? { dryRun: ['All'] } : {}),
          }),
        },
        write: !dryRun,
      }
  }
}

const objectOf = ({ what }: ChangeFacts): string =>
  `${what.resource}${what.group ? `.${what.group}` : ''}/${what.name}`

const learn = (desk: Desk, api: Api, objects: readonly (Obj | undefined)[]): void => {
  for (const object of objects) {
    if (!object || !isSecret(object)) continue
    const { stringData } = object
    const plainly = isObject(stringData)
      ? Object.values(stringData).filter((v) => typeof v === 'string')
      : []
    desk.seen.add(api.session.target.name, [
      ...valuesOf(object),
      ...plainly.filter((v) => v.length >= 8),
    ])
  }
}

const request = async (
  api: Api,
  given: ChangeInput,
  found: ChangeFacts,
  live: Obj | undefined,
  dryRun: boolean,
): Promise<Json> => {
  const asked = requestOf(given, found, live, dryRun)
  try {
    return await api.json(asked).catch((thrown: unknown) => {
      if (!ownConflict(thrown, manager)) throw thrown
      return api.json({ ...asked, query: { ...asked.query, force: 'true' } })
    })
  } catch (thrown) {
    throw explained(thrown) ?? (await taught(thrown, api, found.what, found.version))
  }
}

/** Sends it, and says what is other now. */
const send = async (
  desk: Desk,
  api: Api,
  given: ChangeInput,
  found: ChangeFacts,
  dryRun: boolean,
): Promise<Fields> => {
  const { session } = api
  const live = await before(api, given, found)
  learn(desk, api, [live, found.manifest?.object])
  const binding = bindingOf(textAt(live, 'metadata', 'uid'))
  // Other changes say what shall be; a delete means the object that was there.
  if (!dryRun && given.action === 'delete') checkApproved(session.approved, binding)
  if (!dryRun)
    await session.prepared({
      object: objectOf(found),
      uid: plain(textAt(live, 'metadata', 'uid')) ?? '',
      resource_version: plain(textAt(live, 'metadata', 'resourceVersion')) ?? '',
    })
  const answer = await request(api, given, found, live, dryRun)
  if (given.action === 'delete') {
    return { change: 'deleted', ...(dryRun && live ? { before: summary(live), binding } : {}) }
  }
  if (!isObject(answer))
    throw new GateError(
      'TARGET_FAILED',
      `${session.target.name} does not answer as Kubernetes does.`,
    )
  if (given.action === 'scale')
    return {
      change: 'scaled',
      before: { replicas: at(live, 'spec', 'replicas') ?? null },
      after: { replicas: at(answer, 'spec', 'replicas') ?? null },
    }
  const told = difference(live, answer, Math.floor(session.limits.bytes / 2))
  return given.action === 'restart' && told.change === 'configured'
    ? { ...told, change: 'restarted' }
    : told
}

/** What an approver should know of an object that is to go. */
const summary = (live: Obj): Fields => ({
  created: textAt(live, 'metadata', 'creationTimestamp'),
  labels: at(live, 'metadata', 'labels') ?? {},
  ...(at(live, 'spec', 'replicas') === undefined
    ? {}
    : { replicas: at(live, 'spec', 'replicas') ?? null }),
})

const placed = (found: ChangeFacts, told: Fields): Fields => ({
  object: objectOf(found),
  ...(found.what.namespace ? { namespace: found.what.namespace } : {}),
  ...told,
})

/** The dry run that an approver sees. */
export const previewOf = async (
  desk: Desk,
  api: Api,
  given: ChangeInput,
  found: ChangeFacts,
): Promise<Fields> => placed(found, await send(desk, api, given, found, true))

/** Throws OUTCOME_UNKNOWN when the request was sent and nobody heard what became of it. */
export const makeChange = async (
  desk: Desk,
  api: Api,
  given: ChangeInput,
  found: ChangeFacts,
): Promise<Output> => {
  const dryRun = given.dry_run ?? false
  const told = placed(found, await send(desk, api, given, found, dryRun))
  return { kind: 'fields', fields: dryRun ? { ...told, dry_run: true } : told }
}

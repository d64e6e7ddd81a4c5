/** Values of Secrets that an output could show: read with the gateway's own credential, so that masking knows them. */
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'
import type { Api } from './api.ts'
import { TooLarge } from './api.ts'
import { Refused } from './failure.ts'
import { at, isObject, listAt, type Obj, textAt } from './objects.ts'

/** Shorter values are not masked: they would mask words everywhere. */
const shortest = 8
const mostValues = 4_000

/** A value in the parts that may be shown alone: lines, what stands behind `=` and `:`, strings in JSON. */
const partsOf = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const behind = lines.flatMap((line) => {
    const found = /^["']?[\w.-]+["']?\s*[:=]\s*(.*)$/.exec(line)?.[1]
    return found === undefined ? [] : [found.replace(/^["']|["',]+$/g, '')]
  })
  return [text, text.trim(), ...(lines.length > 1 ? lines : []), ...behind, ...stringsOf(text)]
}

const stringsOf = (text: string): readonly string[] => {
  if (!/^\s*[{[]/.test(text)) return []
  const found: string[] = []
  const walk = (value: Json, depth: number): void => {
    if (typeof value === 'string') found.push(value)
    else if (typeof value === 'object' && value !== null && depth < 20)
      for (const member of Object.values(value)) walk(member, depth + 1)
  }
  try {
    walk(JSON.parse(text) as Json, 0)
  } catch {
    return []
  }
  return found
}

/** The values of one Secret, decoded; what is no text is known by its base64 form. */
export const valuesOf = (secret: Obj): readonly string[] => {
  const { data } = secret
  if (!isObject(data)) return []
  const values = Object.values(data).flatMap((value) => {
    if (typeof value !== 'string') return []
    const bytes = Buffer.from(value, 'base64')
    const text = bytes.toString('utf8')
    return Buffer.from(text, 'utf8').equals(bytes) ? partsOf(text) : [value]
  })
  return [...new Set(values.filter((value) => value.length >= shortest))]
}

const secretPath = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`

/** Names of the Secrets that a pod's spec refers to. */
export const secretsOfPod = (pod: Json): readonly string[] => {
  const spec = at(pod, 'spec')
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].flatMap((key) =>
    listAt(spec, key),
  )
  const names = [
    ...containers.flatMap((container) => [
      ...listAt(container, 'env').map((one) => textAt(one, 'valueFrom', 'secretKeyRef', 'name')),
      ...listAt(container, 'envFrom').map((one) => textAt(one, 'secretRef', 'name')),
    ]),
    ...listAt(spec, 'volumes').flatMap((volume) => [
      textAt(volume, 'secret', 'secretName'),
      ...listAt(volume, 'projected', 'sources').map((source) => textAt(source, 'secret', 'name')),
      ...Object.values(isObject(volume) ? volume : {}).flatMap((source) => [
        textAt(source, 'secretRef', 'name'),
        textAt(source, 'nodePublishSecretRef', 'name'),
      ]),
    ]),
    ...listAt(spec, 'imagePullSecrets').map((one) => textAt(one, 'name')),
  ]
  return [...new Set(names.filter((name) => name !== ''))]
}

/** Secret values that this process has seen of a target; the newest are kept. */
export class Seen {
  private readonly values = new Map<string, Set<string>>()

  add(target: string, values: Iterable<string>): void {
    const known = this.values.get(target) ?? new Set<string>()
    this.values.set(target, known)
    for (const value of values) {
      known.delete(value)
      known.add(value)
    }
    for (const oldest of known) {
      if (known.size <= mostValues) break
      known.delete(oldest)
    }
  }

  of(target: string): readonly string[] {
    return [...(this.values.get(target) ?? [])]
  }
}

/**
 * Reads what a pod refers to. `unknown`: policy was told that they can't be read; else a refusal stops the call, because
 * the output could not be masked. Throws TARGET_FAILED.
 */
export const readSecretsOf = async (
  api: Api,
  pod: Json,
  namespace: string,
  unknown: boolean,
): Promise<readonly string[]> => {
  const one = async (name: string): Promise<readonly string[]> => {
    try {
      const secret = await readOne(api, secretPath(namespace, name))
      return isObject(secret) ? valuesOf(secret) : []
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown
      // An optional one that is not there has no value.
      if (thrown.status === 404 || unknown) return []
      throw new GateError(
        'TARGET_FAILED',
        'The Secrets of this pod could not be read, so its output could not be masked. Nothing was run.',
        {
          targetCode: String(thrown.status),
          hint: "The gateway's account needs the verb get on secrets in this namespace; send the call again in a minute when that was changed.",
          cause: thrown,
        },
      )
    }
  }
  const own = secretsOfPod(pod)
  // Side by side: each of these waits for the cluster once.
  const [linked, values] = await Promise.all([
    linkedSecrets(api, pod, namespace),
    inBatches(own, one),
  ])
  const more = linked.filter((name) => !own.includes(name))
  return [...values, ...(await inBatches(more, one))]
}

/** Names of the Secrets that the pod's account brings along. */
const linkedSecrets = async (
  api: Api,
  pod: Json,
  namespace: string,
): Promise<readonly string[]> => {
  const account = textAt(pod, 'spec', 'serviceAccountName') || 'default'
  const found = await readOne(
    api,
    `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}`,
  ).catch(ignoreRefusal)
  const names = [...listAt(found, 'secrets'), ...listAt(found, 'imagePullSecrets')].map((named) =>
    textAt(named, 'name'),
  )
  return [...new Set(names.filter((name) => name !== ''))]
}

const batch = 8
const inBatches = async (
  names: readonly string[],
  read: (name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const values: string[] = []
  for (let at = 0; at < names.length; at += batch)
    values.push(...(await Promise.all(names.slice(at, at + batch).map(read))).flat())
  return values
}

const readOne = (api: Api, path: string): Promise<Json> => api.own.json({ path })
const ignoreRefusal = (thrown: unknown): Json => {
  if (thrown instanceof Refused) return null
  throw thrown
}

/** Values of the Secrets of a namespace that other objects may repeat (ConfigMaps, annotations); none where they can't be read. */
export const secretsOfNamespace = async (
  api: Api,
  namespace: string,
): Promise<readonly string[]> => {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
  // Helm keeps whole releases in Secrets, compressed: no part of them is shown elsewhere as it is.
  const query = { fieldSelector: 'type!=helm.sh/release.v1', limit: '500' }
  try {
    const list = await api.own.json({ path, query, maxBytes: 16_777_216 })
    return listAt(list, 'items').flatMap((secret) => (isObject(secret) ? valuesOf(secret) : []))
  } catch (thrown) {
    if (thrown instanceof Refused || thrown instanceof TooLarge) return []
    throw thrown
  }
}

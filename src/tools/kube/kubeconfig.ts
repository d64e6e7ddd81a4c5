/** A kubeconfig and a leased credential -> how the API server is reached; what runs programs or trusts anybody is refused. */
import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Cluster, User } from '@kubernetes/client-node'
import { GateError } from '../../errors.ts'
import type { Credential, KubernetesTarget } from '../../types.ts'
import { isLabel } from './names.ts'

/** What of a kubeconfig counts: one cluster, one user, one namespace. */
export interface Chosen {
  readonly server: URL
  readonly cluster: Cluster
  readonly user: User | undefined
  readonly namespace: string
}

export interface Proof {
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** Value of the Authorization header, asked for each request: token files change. */
  authorization(): string | undefined
  /** The secret values in it, for masking. */
  known(): readonly string[]
}

const wrong = (target: KubernetesTarget, what: string, cause?: unknown): GateError =>
  new GateError('CONFIG_INVALID', `The kubeconfig of ${target.name} can not be used: ${what}.`, {
    hint: 'An operator corrects it.',
    cause,
  })

const chosen = new WeakMap<KubernetesTarget, Promise<Chosen>>()

/** The context of a target, read once. Throws CONFIG_INVALID for what does not parse, exec plugins, auth providers, proxies and unverified TLS. */
export const contextOf = (target: KubernetesTarget): Promise<Chosen> => {
  const known = chosen.get(target)
  if (known) return known
  const reading = read(target)
  chosen.set(target, reading)
  return reading
}

const read = async (target: KubernetesTarget): Promise<Chosen> => {
  // Loaded by the first target that needs it: it is large.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    config.loadFromString(target.kubeconfig, { onInvalidEntry: 'throw' })
  } catch (cause) {
    throw wrong(target, 'it does not read as a kubeconfig', cause)
  }
  const name = target.context ?? config.getCurrentContext()
  const context = config.getContextObject(name)
  if (!context) throw wrong(target, 'its context is not in it')
  const cluster = config.getCluster(context.cluster)
  if (!cluster || !URL.canParse(cluster.server)) throw wrong(target, 'it names no server')
  const server = new URL(cluster.server)
  const loopback = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(server.hostname)
  if (server.protocol !== 'https:' && !(server.protocol === 'http:' && loopback))
    throw wrong(target, 'its server is not reached by https')
  if (server.username || server.password || server.search || server.hash)
    throw wrong(target, 'the address of its server has more than host and path')
  if (cluster.skipTLSVerify)
    throw wrong(target, 'it does not verify the server (insecure-skip-tls-verify)')
  if (cluster.proxyUrl) throw wrong(target, 'it asks for a proxy')
  const user = config.getUser(context.user) ?? undefined
  if (user) checkUser(target, user)
  const namespace = context.namespace || 'default'
  if (!isLabel(namespace)) throw wrong(target, 'the namespace of its context is no valid name')
  return { server, cluster, user, namespace }
}

const checkUser = (target: KubernetesTarget, user: User): void => {
  if (user.exec) throw wrong(target, 'its user is an exec plugin, which would run a program here')
  if (user.authProvider && user.authProvider.name !== 'tokenFile')
    throw wrong(target, 'its user needs an auth provider; give a token or a certificate')
  if (user.impersonateUser) throw wrong(target, 'its user impersonates somebody')
}

/** PEM text given in base64, or as an absolute path. */
export const pem = (
  target: KubernetesTarget,
  data: string | undefined,
  file: string | undefined,
): Buffer | undefined => {
  if (data) return Buffer.from(data, 'base64')
  return file ? fileText(target, file) : undefined
}

const fileText = (target: KubernetesTarget, file: string): Buffer => {
  if (!isAbsolute(file)) throw wrong(target, 'a file that it names has no absolute path')
  try {
    return readFileSync(file)
  } catch (cause) {
    throw wrong(target, 'a file that it names can not be read', cause)
  }
}

const headerText = /^[\x21-\x7e]+$/
const bearer = (target: KubernetesTarget, token: string): string => {
  const text = token.trim()
  if (headerText.test(text)) return `Bearer ${text}`
  throw wrong(target, 'its token has characters that no token has')
}

/** `credential` without a name: the kubeconfig's own user. Throws CONFIG_INVALID when there is nothing to prove with. */
export const proofOf = (
  target: KubernetesTarget,
  { user }: Chosen,
  credential: Credential,
): Proof => {
  if (credential.name !== '') return leased(target, credential)
  if (!user) throw wrong(target, 'its context names no user')
  const cert = pem(target, user.certData, user.certFile)
  const key = pem(target, user.keyData, user.keyFile)
  const file = tokenFile(user)
  const { token, username, password } = user
  const authorization = (): string | undefined => {
    if (file !== undefined) return bearer(target, fileText(target, file).toString('utf8'))
    if (token) return bearer(target, token)
    return username
      ? `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
      : undefined
  }
  if (!(cert && key) && authorization() === undefined)
    throw wrong(target, 'its user has neither certificate nor token')
  return {
    ...(cert && key ? { cert, key } : {}),
    authorization,
    known: () =>
      [authorization()?.replace(/^\w+ /, ''), password, key?.toString('utf8')].filter(
        (value) => value !== undefined,
      ),
  }
}

const tokenFile = (user: User): string | undefined => {
  const file: unknown = user.authProvider?.config?.tokenFile
  return typeof file === 'string' ? file : undefined
}

const leased = (target: KubernetesTarget, credential: Credential): Proof => {
  const { token, clientCertificate: cert, clientKey: key } = credential.reveal()
  if (token !== undefined) {
    const header = bearer(target, token)
    return { authorization: () => header, known: () => [] }
  }
  if (cert !== undefined && key !== undefined)
    return { cert, key, authorization: () => undefined, known: () => [] }
  throw new GateError(
    'CONFIG_INVALID',
    `The credential for ${target.name} has neither token nor clientCertificate and clientKey.`,
    { hint: 'An operator corrects it.' },
  )
}

/** Rules over several keys: who may reach whom, and whether every name means something. */
import { suggestion } from './nearest.ts'
import type { ConfigFile, GrantFile } from './schema.ts'
import { injectedName } from './targets.ts'
import type { KnownTool, PolicyFile } from './types.ts'
import { isLoopback, splitListen, urlHost } from './urls.ts'

export interface Reports {
  tell(at: readonly (string | number)[], message: string): void
  warn(warning: string): void
  readonly tools: readonly KnownTool[] | undefined
  readonly policies: readonly PolicyFile[]
}

/** publicUrl as it holds: written, or from `listen`. */
export const publicUrlOf = (server: ConfigFile['server']): string => {
  const { host, port } = splitListen(server.listen)
  return (server.publicUrl ?? `http://${urlHost(host)}:${port}`).replace(/\/+$/, '')
}

/** Tells every problem that one key alone does not show. */
export const crossChecks = (file: ConfigFile, reports: Reports): void => {
  checkServer(file, reports)
  checkPeople(file, reports)
  checkTargets(file, reports)
  checkGrants(file, reports)
}

const checkServer = (file: ConfigFile, { tell }: Reports): void => {
  const url = new URL(publicUrlOf(file.server))
  const at = file.server.publicUrl === undefined ? ['server'] : ['server', 'publicUrl']
  const local = isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !local)
    tell(at, 'must be https:// unless it is loopback; name the URL that clients use')
  if (file.identity.local === undefined) return
  if (!local)
    tell(
      ['identity', 'local'],
      `cannot be used with ${url.origin}: the local principal is for loopback only`,
    )
  else if (!isLoopback(splitListen(file.server.listen).host))
    tell(
      ['identity', 'local'],
      `cannot be used while server.listen is ${file.server.listen}: listen on loopback`,
    )
}

const checkPeople = (file: ConfigFile, { tell, policies }: Reports): void => {
  const { local, approvers, issuers } = file.identity
  if (local === undefined && issuers.length === 0)
    tell(['identity'], 'names nobody who could call: write identity.local or identity.issuers')
  twice(approvers.map(({ subject }) => subject)).forEach((at) => {
    tell(['identity', 'approvers', at, 'subject'], 'is written twice')
  })
  twice(issuers.map(({ issuer }) => issuer)).forEach((at) => {
    tell(['identity', 'issuers', at, 'issuer'], 'is written twice')
  })
  issuers.forEach(({ issuer }, at) => {
    const url = new URL(issuer)
    if (url.protocol !== 'https:' && !isLoopback(url.hostname))
      tell(['identity', 'issuers', at, 'issuer'], 'must be https:// unless it is loopback')
  })
  const notary = file.log.notary
  if (notary !== undefined) {
    const url = new URL(notary.url)
    if (url.protocol !== 'https:' && !isLoopback(url.hostname))
      tell(['log', 'notary', 'url'], 'must be https:// unless it is loopback')
    if (notary.token === undefined)
      tell(['log', 'notary'], 'needs the token of its feed: token: file:./notary.token')
  }
  checkAnchors(file, tell)
  const selfIsMeant =
    file.grants.some(({ approval }) => approval?.self === true) ||
    policies.some(({ text }) => /@self\b/.test(text))
  approvers.forEach(({ subject }, at) => {
    if (subject === local?.subject && !selfIsMeant)
      tell(
        ['identity', 'approvers', at, 'subject'],
        'is the local principal, who cannot approve her own calls: name somebody else, or write self: true on the approval that she may give',
      )
  })
}

const checkAnchors = (file: ConfigFile, tell: Reports['tell']): void => {
  const known = Object.keys(file.credentials)
  file.log.anchors.forEach((anchor, at) => {
    if ('dir' in anchor) return
    const { credentials, endpoint } = anchor.s3
    if (!known.includes(credentials))
      tell(
        ['log', 'anchors', at, 's3', 'credentials'],
        `names no credential: ${credentials}${suggestion(credentials, known)}`,
      )
    const url = endpoint === undefined ? undefined : new URL(endpoint)
    if (url && url.protocol !== 'https:' && !isLoopback(url.hostname))
      tell(['log', 'anchors', at, 's3', 'endpoint'], 'must be https:// unless it is loopback')
  })
}

const checkTargets = (file: ConfigFile, { tell, warn }: Reports): void => {
  const known = Object.keys(file.credentials)
  const asked = (at: readonly string[], credential: string | undefined): void => {
    if (credential !== undefined && !known.includes(credential))
      tell(at, `names no credential: ${credential}${suggestion(credential, known)}`)
  }
  for (const [name, target] of Object.entries(file.targets)) {
    if (target.kind === 'http') {
      if (!target.inject) continue
      const key = ['value', 'basic', 'mtls', 'oauth'].find((one) => one in (target.inject ?? {}))
      asked(['targets', name, 'inject', key ?? ''], injectedName(target.inject))
      const to =
        'tokenUrl' in target.inject ? [target.baseUrl, target.inject.tokenUrl] : [target.baseUrl]
      for (const url of to.map((text) => new URL(text)))
        if (url.protocol !== 'https:' && !isLoopback(url.hostname))
          warn(`targets.${name}: its credential goes to ${url.host} without TLS`)
    } else
      for (const [purpose, credential] of Object.entries(target.credentials))
        asked(['targets', name, 'credentials', purpose], credential)
  }
}

const checkGrants = (file: ConfigFile, reports: Reports): void => {
  twice(file.grants.map(({ id }) => id)).forEach((at) => {
    reports.tell(['grants', at, 'id'], 'is written twice')
  })
  file.grants.forEach((grant, at) => {
    checkGrant(grant, at, file, reports)
  })
}

const checkGrant = (grant: GrantFile, at: number, file: ConfigFile, reports: Reports): void => {
  const { tell, warn } = reports
  const names = Object.keys(file.targets)
  const reached = Array.isArray(grant.targets)
    ? grant.targets.filter((name) => names.includes(name))
    : names.filter((name) => carries(file.targets[name]?.labels ?? {}, grant.targets))
  if (Array.isArray(grant.targets))
    grant.targets.forEach((name, place) => {
      if (!names.includes(name))
        tell(['grants', at, 'targets', place], `names no target: ${name}${suggestion(name, names)}`)
    })
  else if (reached.length === 0) warn(`grants[${at}] (${grant.id}): no target has these labels`)
  checkTools(grant, at, reached, file, reports)
}

const checkTools = (
  grant: GrantFile,
  at: number,
  reached: readonly string[],
  file: ConfigFile,
  { tell, warn, tools }: Reports,
): void => {
  if (tools === undefined) return
  const toolNames = tools.map(({ name }) => name)
  grant.tools.forEach((name, place) => {
    const tool = tools.find((one) => one.name === name)
    if (tool === undefined) {
      tell(['grants', at, 'tools', place], `names no tool: ${name}${suggestion(name, toolNames)}`)
      return
    }
    if (reached.length === 0 || reached.some((target) => file.targets[target]?.kind === tool.kind))
      return
    const message = `${name} works on ${tool.kind} targets, and none of these is one`
    // Targets found by a label may come later.
    if (Array.isArray(grant.targets)) tell(['grants', at, 'tools', place], message)
    else warn(`grants[${at}] (${grant.id}): ${message}`)
  })
}

const carries = (labels: Readonly<Record<string, string>>, asked: object): boolean =>
  Object.entries(asked).every(([key, value]) => labels[key] === value)

/** Places of values that came before. */
const twice = (values: readonly string[]): readonly number[] =>
  values.flatMap((value, at) => (values.indexOf(value) < at ? [at] : []))

/** The checked file -> Config: paths absolute, references read apart, targets as the gateway knows them. */
import { resolve } from 'node:path'
import type { Target } from '../types.ts'
import { publicUrlOf } from './checks.ts'
import { readTextFile, secretFileProblem } from './files.ts'
import type { ConfigFile, GrantFile } from './schema.ts'
import { injectedName, type TargetFile } from './targets.ts'
import type { Config, Environment, Grant, PolicyFile, SecretRef, UrlRef } from './types.ts'
import { isLoopback, splitListen } from './urls.ts'
import { parseRef } from './values.ts'

const largestText = 1024 ** 2
const databaseUrl = 'COUNTERSIGN_DATABASE_URL'

interface Surroundings {
  readonly file: string
  readonly folder: string
  readonly env: Environment
  tell(at: readonly (string | number)[], message: string): void
  readonly warnings: readonly string[]
  readonly policies: readonly PolicyFile[]
}

/** Builds the Config; what is wrong with files is told, and the result is then not to be used. */
export const builder = (around: Surroundings) => {
  const { folder, env, tell } = around

  const reference = (at: readonly (string | number)[], text: string): SecretRef => {
    const ref = parseRef(text)
    if (ref === undefined) throw new TypeError('a reference that the schema let through')
    if (ref.kind !== 'file') return ref
    const path = resolve(folder, ref.path)
    const problem = secretFileProblem(path)
    if (problem !== undefined) tell(at, problem)
    return { kind: 'file', path }
  }

  const early = (at: readonly string[], text: string): Exclude<SecretRef, { kind: 'store' }> => {
    const ref = reference(at, text)
    if (ref.kind === 'store') throw new TypeError('a reference that the schema let through')
    return ref
  }

  const storeUrl = (written: string | undefined): UrlRef | undefined => {
    if (written === undefined)
      return (env[databaseUrl] ?? '') === '' ? undefined : { kind: 'env', name: databaseUrl }
    return parseRef(written) === undefined
      ? { kind: 'text', text: written }
      : early(['store', 'url'], written)
  }

  /** Text of a file that is read at start; it may hold a secret or not. */
  const textOf = (at: readonly string[], written: string, secret: boolean): string => {
    const ref = parseRef(written)
    if (ref === undefined) return written
    if (ref.kind === 'env') {
      const value = env[ref.name] ?? ''
      if (value === '') tell(at, `${ref.name} is not set in the environment`)
      return value
    }
    const path = resolve(folder, ref.kind === 'file' ? ref.path : ref.key)
    const problem = secret ? secretFileProblem(path) : undefined
    if (problem !== undefined) tell(at, problem)
    const read = readTextFile(path, largestText)
    if ('text' in read) return read.text
    tell(at, read.problem)
    return ''
  }

  const target = (name: string, written: TargetFile): Target => {
    const at = ['targets', name]
    switch (written.kind) {
      case 'postgres': {
        const { ca, credentials, ...rest } = written
        const { read, write } = credentials
        return {
          ...rest,
          name,
          credentials: { read, ...(write === undefined ? {} : { write }) },
          ...(ca === undefined ? {} : { ca: textOf([...at, 'ca'], ca, false) }),
        }
      }
      case 'kubernetes': {
        const { kubeconfig, credentials, context, namespaces, ...rest } = written
        return {
          ...rest,
          name,
          kubeconfig: textOf([...at, 'kubeconfig'], kubeconfig, true),
          credentials: defined(credentials),
          ...(context === undefined ? {} : { context }),
          ...(namespaces === undefined ? {} : { namespaces }),
        }
      }
      case 'ssh': {
        const { home, programs, ...rest } = written
        return {
          ...rest,
          name,
          hostKeys: written.hostKeys.map((key) => key.replace(/=$/, '')),
          programs,
          ...(home === undefined ? {} : { home }),
        }
      }
      case 'http': {
        const { ca, inject, routes, ...rest } = written
        return {
          ...rest,
          name,
          baseUrl: written.baseUrl.replace(/\/+$/, ''),
          routes: routes.map((route) => defined(route)),
          inject: inject === undefined ? {} : defined(inject),
          credentials: inject === undefined ? {} : { run: injectedName(inject) },
          ...(ca === undefined ? {} : { ca: textOf([...at, 'ca'], ca, false) }),
        }
      }
    }
  }

  return (file: ConfigFile): Config => {
    const publicUrl = publicUrlOf(file.server)
    const { notary, ...log } = file.log
    const url = storeUrl(file.store.url)
    const local = file.identity.local
    return {
      file: around.file,
      server: {
        ...splitListen(file.server.listen),
        publicUrl,
        loopback: isLoopback(new URL(publicUrl).hostname),
        results: file.server.results,
        ...(file.server.budget === undefined ? {} : { budget: file.server.budget }),
      },
      state: resolve(folder, file.state),
      store: url === undefined ? {} : { url },
      vault: { key: early(['vault', 'key'], file.vault.key) },
      log: {
        name: log.name,
        anchors: log.anchors.map((anchor) =>
          'dir' in anchor
            ? { kind: 'dir', dir: resolve(folder, anchor.dir) }
            : {
                ...anchor.s3,
                kind: 's3',
                endpoint: anchor.s3.endpoint ?? `https://s3.${anchor.s3.region}.amazonaws.com`,
              },
        ),
        retention: log.retention.map(({ keep, kind, labels }) => ({
          labels,
          keepMs: keep,
          ...(kind === undefined ? {} : { kind }),
        })),
        ...(notary === undefined
          ? {}
          : {
              notary: {
                url: notary.url,
                maxUnsignedMs: notary.maxUnsigned,
                ...(notary.token === undefined
                  ? {}
                  : { token: early(['log', 'notary', 'token'], notary.token) }),
              },
            }),
      },
      approvals: file.approvals,
      masking: { tokenKey: early(['masking', 'tokenKey'], file.masking.tokenKey) },
      identity: {
        approvers: file.identity.approvers,
        issuers: file.identity.issuers.map((issuer) => ({
          ...issuer,
          audience: issuer.audience ?? `${publicUrl}/mcp`,
        })),
        ...(local === undefined ? {} : { local }),
      },
      credentials: Object.fromEntries(
        Object.entries(file.credentials).map(([name, ref]) => [
          name,
          reference(['credentials', name], ref),
        ]),
      ),
      targets: Object.entries(file.targets).map(([name, written]) => target(name, written)),
      grants: file.grants.map(grant),
      policies: around.policies,
      warnings: around.warnings,
    }
  }
}

const grant = ({ targets, approval, mask, ...rest }: GrantFile): Grant => ({
  ...rest,
  targets: Array.isArray(targets)
    ? { kind: 'names', names: targets }
    : { kind: 'labels', labels: targets },
  mask: mask ?? [],
  ...(approval === undefined
    ? {}
    : {
        approval: {
          groups: approval.by,
          quorum: approval.quorum,
          withinMs: approval.within,
          self: approval.self,
        },
      }),
})

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }
/** Without the keys whose value is undefined. */
const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T> // that is what was filtered

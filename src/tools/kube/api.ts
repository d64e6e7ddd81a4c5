/** The API server as one run sees it: its credential, the caller whom it works as, its limits. */
import { GateError } from '../../errors.ts'
import type { Json, KubernetesTarget, Session } from '../../types.ts'
import { lost, Refused } from './failure.ts'
import { impersonation } from './impersonate.ts'
import { contextOf, proofOf } from './kubeconfig.ts'
import { type Asked, exchange, type Head, Lost, openWay, type Way } from './wire.ts'

export interface Call {
  readonly method?: Asked['method']
  /** Segments encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly accept?: string
  readonly body?: { readonly type: string; readonly text: string }
  /** Largest answer that is read. */
  readonly maxBytes?: number
  /** What was sent may have changed something. */
  readonly write?: boolean
}

export interface Api {
  readonly session: Session<KubernetesTarget>
  readonly way: Way
  /** Headers beside the credential: whom the run works as. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** The same without the caller: the gateway's own credential alone. */
  readonly own: Api
  /** The body of a 2xx. Throws `Refused` for other answers, `TooLarge` past `maxBytes`, else GateError. */
  text(call: Call): Promise<string>
  /** The same, read as JSON. Throws TARGET_FAILED when it is none. */
  json(call: Call): Promise<Json>
  /** Pieces as they come; `take` answers false to end it early. Throws as `text`. */
  stream(call: Call, take: (piece: Buffer) => boolean): Promise<boolean>
}

/** The answer is larger than was allowed; a smaller page may do. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

const mebibyte = 1_048_576
const defaultBytes = 32 * mebibyte

export const pathWith = ({ path, query }: Pick<Call, 'path' | 'query'>): string => {
  const search = new URLSearchParams(
    Object.entries(query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
  ).toString()
  return search ? `${path}?${search}` : path
}

/** Ways are kept by target and credential; `close` ends them all. */
export class Ways {
  private readonly kept = new Map<
    string,
    { readonly target: KubernetesTarget; readonly way: Way }
  >()

  async of(session: Session<KubernetesTarget>): Promise<Way> {
    const { target, credential } = session
    const key = JSON.stringify([target.name, credential.name, credential.version])
    const known = this.kept.get(key)
    if (known?.target === target) return known.way
    const chosen = await contextOf(target)
    const way = openWay(target, chosen, proofOf(target, chosen, credential))
    this.forget(target.name, credential.name)
    this.kept.set(key, { target, way })
    return way
  }

  /** Earlier versions of a credential are not kept beside the present one; what runs on them ends by itself. */
  private forget(target: string, credential: string): void {
    const prefix = JSON.stringify([target, credential]).slice(0, -1)
    for (const key of this.kept.keys()) if (key.startsWith(prefix)) this.kept.delete(key)
  }

  close(): void {
    for (const { way } of this.kept.values()) way.close()
    this.kept.clear()
  }
}

/** `as`: the caller, where the target says that runs are the caller's; the gateway's own questions are its own. */
export const openApi = async (
  ways: Ways,
  session: Session<KubernetesTarget>,
  as: 'caller' | 'gateway',
): Promise<Api> => {
  const way = await ways.of(session)
  const own = apiOn(way, session, {})
  return as === 'caller' && session.target.impersonate
    ? { ...apiOn(way, session, impersonation(session.caller)), own }
    : own
}

const apiOn = (way: Way, session: Session<KubernetesTarget>, headers: Api['headers']): Api => {
  const stream: Api['stream'] = async (call, take) => {
    let head: Head | undefined
    const refused: Buffer[] = []
    let refusedBytes = 0
    const asked: Asked = {
      method: call.method ?? 'GET',
      path: pathWith(call),
      headers: {
        ...headers,
        accept: call.accept ?? 'application/json',
        ...(call.body ? { 'content-type': call.body.type } : {}),
      },
      ...(call.body ? { body: call.body.text } : {}),
      connectMs: session.limits.connectMs,
      signal: session.signal,
    }
    const go = (): Promise<boolean> =>
      exchange(
        way,
        asked,
        (got) => {
          head = got
        },
        (piece) => {
          if (head !== undefined && head.status >= 200 && head.status < 300) return take(piece)
          refused.push(piece)
          refusedBytes += piece.length
          return refusedBytes < mebibyte
        },
      )
    let whole: boolean
    try {
      whole = await go().catch((thrown: unknown) => {
        // Reads may be asked twice: the kept connection was closed while nobody used it.
        if (thrown instanceof Lost && thrown.stale && asked.method === 'GET') return go()
        throw thrown
      })
    } catch (thrown) {
      throw lost(thrown, session, call.write ?? false)
    }
    if (head === undefined || head.status < 200 || head.status >= 300)
      throw new Refused(head?.status ?? 0, Buffer.concat(refused).toString('utf8'))
    return whole
  }
  const text: Api['text'] = async (call) => {
    const pieces: Buffer[] = []
    let bytes = 0
    const most = call.maxBytes ?? defaultBytes
    const whole = await stream(call, (piece) => {
      bytes += piece.length
      pieces.push(piece)
      return bytes <= most
    })
    if (!whole || bytes > most) throw new TooLarge(`more than ${most} bytes`)
    return Buffer.concat(pieces).toString('utf8')
  }
  const api: Api = {
    session,
    way,
    headers,
    get own() {
      return api
    },
    text,
    stream,
    json: async (call) => {
      const body = await text(call)
      try {
        return JSON.parse(body) as Json
      } catch (cause) {
        throw new GateError(
          'TARGET_FAILED',
          `${session.target.name} does not answer as Kubernetes does.`,
          { cause },
        )
      }
    },
  }
  return api
}

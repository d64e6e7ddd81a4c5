/** What the four tools have in common: ways to clusters, turns on them, Secrets that were seen. */
import type { KubernetesTarget, Output, Session } from '../../types.ts'
import { Turns } from '../turns.ts'
import { type Api, openApi, Ways } from './api.ts'
import type { Cursors } from './cursor.ts'
import { Seen } from './secrets.ts'

const seenForMs = 30_000

export class Desk {
  readonly cursors: Cursors
  readonly seen = new Seen()
  private readonly ways = new Ways()
  private readonly turns = new Map<string, Turns>()
  /** Namespaces whose Secrets were read lately. */
  private readonly read = new Map<string, number>()

  constructor(cursors: Cursors) {
    this.cursors = cursors
  }

  /** The API for one run, in its turn; what `work` gives back carries the secret values known of the target. */
  async use<T>(
    session: Session<KubernetesTarget>,
    as: 'caller' | 'gateway',
    work: (api: Api) => Promise<T>,
  ): Promise<T> {
    const { target, limits, signal, caller } = session
    const turn = await this.turnsOf(target).take(
      JSON.stringify([caller.iss, caller.sub]),
      limits.seconds * 1_000,
      signal,
    )
    try {
      return await work(await openApi(this.ways, session, as))
    } finally {
      turn()
    }
  }

  /** The output with every secret value that the gateway knows of this target. */
  withKnown(api: Api, output: Output): Output {
    const { target } = api.session
    return { ...output, known: [...this.seen.of(target.name), ...api.way.proof.known()] }
  }

  /** Reads the Secrets of a namespace unless that was done a moment ago. */
  async learn(
    target: string,
    namespace: string,
    read: () => Promise<readonly string[]>,
  ): Promise<void> {
    const key = JSON.stringify([target, namespace])
    const before = this.read.get(key)
    if (before !== undefined && performance.now() - before < seenForMs) return
    this.seen.add(target, await read())
    if (this.read.size > 1_000) this.read.clear()
    this.read.set(key, performance.now())
  }

  close(): void {
    this.ways.close()
  }

  private turnsOf(target: KubernetesTarget): Turns {
    const known = this.turns.get(target.name)
    if (known) return known
    const turns = new Turns(target.name, target.limits.concurrency)
    this.turns.set(target.name, turns)
    return turns
  }
}

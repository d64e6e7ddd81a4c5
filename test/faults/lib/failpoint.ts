/** What the harness says to the failpoints in a gateway; `failpoints/` is the other side. */

/** What a failpoint stands at: `log.append` (match: a type of event), `tool.run` and `prepared` (a tool's name), `vault.lease` (a credential's), `mask` and, within it, `masking` (a target's), `keys`, `sql` (a part of a statement's text). */
export interface Failpoint {
  readonly at:
    | 'log.append'
    | 'tool.run'
    | 'prepared'
    | 'vault.lease'
    | 'mask'
    | 'masking'
    | 'keys'
    | 'sql'
  readonly when: 'before' | 'after'
  readonly match?: string
  /** `pause` waits until it is released; `block` stops the event loop for `ms`; `delay` only this call; `exhaust` takes memory until the process dies; `keys` can only throw. */
  readonly action: 'pause' | 'throw' | 'block' | 'delay' | 'exhaust'
  readonly ms?: number
  /** So many passages are let by first. */
  readonly skip?: number
  /** So many passages are stopped; 1 unless told. */
  readonly times?: number
}

export interface Armed {
  /** Resolves when a call has come to the failpoint. */
  readonly hit: Promise<void>
  readonly hits: () => number
  /** Lets go on what is paused there. */
  release(): void
  disarm(): void
}

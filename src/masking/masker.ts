/** The only maker of `Masked`: what did not come through here leaves the gateway nowhere (law 5). */
import { createHash } from 'node:crypto'
import type { Fields, Json, MaskContext, Masked, MaskedOutput, Masker, Output } from '../types.ts'
import { columnPolicy } from './columns.ts'
import { type Deadline, type Engine, engineFor } from './engine.ts'
import { maskedValue } from './fields.ts'
import type { Hits } from './finding.ts'
import { shortestKnown } from './known.ts'
import { nameStems } from './names.ts'
import { openPass, type Pass } from './pass.ts'
import { maskedProcess, type Timeline } from './process.ts'
import { tableJson } from './table.ts'
import { tokenRules } from './tokens.ts'

export interface MaskerOptions {
  /** Key of column tokens, 32 bytes and more; a version of the key is part of each token. */
  readonly tokenKey: Uint8Array
  /** Secret values known process-wide, asked at each masking; values under 8 characters are not masked. */
  readonly knownSecrets: () => readonly string[]
  /** Longest time that one masking may take, pauses included. */
  readonly deadlineMs?: number
}

/** Raised with every change of what is masked that does not show in the tables below. */
const version = 1
const engineMost = 8

/** Throws RangeError when the token key is shorter than 32 bytes. */
export const openMasker = ({
  tokenKey,
  knownSecrets,
  deadlineMs = 5_000,
}: MaskerOptions): Masker => {
  if (tokenKey.length < 32) throw new RangeError('The key of column tokens has at least 32 bytes.')
  const engines = engineCache()
  const open = (context: MaskContext, cut = false): Pass =>
    openPass(
      engines(knownSecrets(), context.known),
      tokenKey,
      deadline(deadlineMs),
      // A profile that nobody has heard of must not mean less than one that everybody knows.
      context.profile.length > 0,
      cut,
    )
  return {
    rules: `sha256:${createHash('sha256').update(ruleText()).digest('hex')}`,
    output: async (output, context) =>
      maskedOutput(output, context, open(context, output.truncated === true)),
    // The casts are what this module is for: the value has just been masked.
    text: (text, context) => open(context).text(text) as Masked<string>,
    fields: (value, context) => maskedValue(value, open(context)) as Masked<Json>,
  }
}

const ruleText = (): string =>
  JSON.stringify([
    version,
    nameStems,
    tokenRules.map(({ type, prefix, least, most, set }) => [
      type,
      prefix,
      least,
      most ?? 0,
      [...set].join(''),
    ]),
  ])

const deadline = (ms: number): Deadline => {
  const end = performance.now() + ms
  return () => {
    if (performance.now() > end) throw new Error(`masking took longer than ${ms} ms`)
  }
}

const maskedOutput = async (
  output: Output,
  context: MaskContext,
  pass: Pass,
): Promise<MaskedOutput> => {
  switch (output.kind) {
    case 'table': {
      const table = await tableJson(output, columnPolicy(context.target), pass)
      const more = members(output.fields ?? {}, ['columns', 'rows', 'truncated'], pass)
      const json = `{${table},"truncated":${output.truncated}${more}}`
      return { ...sealed(json, pass.hits, output.truncated), rows: output.rows.length }
    }
    case 'process': {
      const { stdout, stderr, timeline } = maskedProcess(output, pass)
      const more = members(output.fields, ['stdout', 'stderr', 'truncated'], pass)
      const json = `{"stdout":${JSON.stringify(stdout)},"stderr":${JSON.stringify(stderr)},"truncated":${output.truncated}${more}}`
      // Each piece is a part of the masked text.
      return { ...sealed(json, pass.hits, output.truncated), timeline: timeline as Timeline }
    }
    case 'fields': {
      const truncated = output.truncated === undefined ? '' : `,"truncated":${output.truncated}`
      const json = `{${`${truncated}${members(output.fields, truncated === '' ? [] : ['truncated'], pass)}`.slice(1)}}`
      return sealed(json, pass.hits, output.truncated ?? false)
    }
  }
}

/** `,"key":value` for each field that is not the frame's own. */
const members = (fields: Fields, own: readonly string[], pass: Pass): string => {
  const masked = maskedValue(
    Object.fromEntries(Object.entries(fields).filter(([key]) => !own.includes(key))),
    pass,
    true,
  )
  const json = JSON.stringify(masked)
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}

const sealed = (json: string, hits: Hits, truncated: boolean): MaskedOutput => ({
  json: json as Masked<string>,
  bytes: Buffer.byteLength(json),
  truncated,
  hits: Object.fromEntries(hits),
})

/** Engines by the secrets that they look for; the last few are kept, since building one takes milliseconds. */
const engineCache = (): ((...lists: readonly (readonly string[])[]) => Engine) => {
  const kept: { readonly known: ReadonlySet<string>; readonly engine: Engine }[] = []
  return (...lists) => {
    const known = new Set(lists.flat().filter((value) => value.length >= shortestKnown))
    const found = kept.find(
      (one) => one.known.size === known.size && [...known].every((value) => one.known.has(value)),
    )
    if (found !== undefined) return found.engine
    const made = { known, engine: engineFor(known) }
    kept.unshift(made)
    kept.length = Math.min(kept.length, engineMost)
    return made.engine
  }
}

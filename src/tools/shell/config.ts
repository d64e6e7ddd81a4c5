/**
 * The admin's additions to the grammar: `programs` of a target.
 *
 *     programs:
 *       appctl:                       # a name, or several with spaces between
 *         opts: { '-c --config': file, '-o --output': out, '--yes': flag }
 *         sub:
 *           status list: {}           # reads
 *           restart: { effect: write }
 *           wipe: { refuse: only by hand }
 *         rest: admin                 # any other subcommand; write unless told
 *       report: { args: file, strict: write }
 *
 * The fields are those of `Program` in types.ts. An entry replaces what is built in for that name; a program in no entry
 * and not built in is a write.
 */
import { z } from 'zod'
import type { Fields } from '../../types.ts'
import type { OptionRule, Program } from './types.ts'

const says = (message: string) => ({ error: message })
const effect = z.enum(['read', 'write', 'admin'])
const orRefused = z.enum(['read', 'write', 'admin', 'refuse'])
const rule = z.enum([
  'flag',
  'value',
  'meta',
  'file',
  'tree',
  'out',
  'host',
  'write',
  'admin',
  'refuse',
  'write=',
  'admin=',
  'refuse=',
] satisfies OptionRule[])
const kinds = z
  .string()
  .regex(
    /^(text|file|meta|tree|out|host)( (text|file|meta|tree|out|host))*$/,
    says('write kinds of operands with spaces between: text, file, meta, tree, out, host'),
  )
const names = z
  .string()
  .regex(/^[\w.+:@%-]+( [\w.+:@%-]+)*$/, says('write names with one space between'))
  .max(500)
/** Entries by names; a name in two of them would mean one or the other. */
const byNames = (entry: z.ZodType<Program>) =>
  z
    .record(names, entry, says('write programs as { name: { effect: read } }'))
    .superRefine((entries, { addIssue }) => {
      const seen = new Set<string>()
      for (const [key, name] of Object.keys(entries).flatMap((k) =>
        k.split(' ').map((n) => [k, n]),
      )) {
        if (name !== undefined && key !== undefined && seen.has(name))
          addIssue({
            code: 'custom',
            path: [key],
            message: `names ${name}, which is written twice`,
          })
        if (name !== undefined) seen.add(name)
      }
    })
const program: z.ZodType<Program> = z.strictObject({
  effect: effect.optional(),
  refuse: z.string().min(1).max(300).optional(),
  args: kinds.optional(),
  max: z.int().min(0).max(100).optional(),
  over: effect.optional(),
  opts: z
    .record(
      z
        .string()
        .regex(
          /^-[\w-]*( -[\w-]*)*$/,
          says('write the spellings of an option with one space between: -o --output'),
        ),
      rule,
    )
    .optional(),
  dash: z.boolean().optional(),
  strict: effect.optional(),
  get sub() {
    return byNames(program).optional()
  },
  rest: orRefused.optional(),
  bare: orRefused.optional(),
}) as z.ZodType<Program>
/** `programs` of a target as the configuration file writes it. */
export const programTable = byNames(program)

export type Parsed =
  | { readonly ok: true; readonly programs: ReadonlyMap<string, Program> }
  | { readonly ok: false; readonly problem: string }

/** Checks `programs` of a target; `problem` names the place in it and what is wrong there. */
export const parsePrograms = (fields: Fields): Parsed => {
  const read = programTable.safeParse(fields)
  if (!read.success) {
    const [issue] = read.error.issues
    return {
      ok: false,
      problem: `programs.${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
    }
  }
  const programs = new Map(
    Object.entries(read.data).flatMap(([key, p]) => key.split(' ').map((n) => [n, p] as const)),
  )
  return { ok: true, programs }
}

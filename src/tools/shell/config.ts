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

const effect = z.enum(['read', 'write', 'admin'])
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
    'is kinds of operands with spaces between',
  )
const names = z
  .string()
  .regex(/^[\w.+:@%-]+( [\w.+:@%-]+)*$/, 'is names with spaces between')
  .max(500)
const program: z.ZodType<Program> = z.strictObject({
  effect: effect.optional(),
  refuse: z.string().min(1).max(300).optional(),
  args: kinds.optional(),
  max: z.int().min(0).max(100).optional(),
  over: effect.optional(),
  opts: z
    .record(
      z.string().regex(/^-[\w-]*( -[\w-]*)*$/, 'is spellings of an option with spaces between'),
      rule,
    )
    .optional(),
  dash: z.boolean().optional(),
  strict: effect.optional(),
  get sub() {
    return z.record(names, program).optional()
  },
  rest: z.union([effect, z.literal('refuse')]).optional(),
  bare: z.union([effect, z.literal('refuse')]).optional(),
}) as z.ZodType<Program>
const table = z.record(names, program)

export type Parsed =
  | { readonly ok: true; readonly programs: ReadonlyMap<string, Program> }
  | { readonly ok: false; readonly problem: string }

/** Checks `programs` of a target; `problem` names the place in it and what is wrong there. */
export const parsePrograms = (fields: Fields): Parsed => {
  const read = table.safeParse(fields)
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

/** A server's error in our codes and words. Its own text goes to the operator's log only: it may quote rows. */
import { type Code, GateError } from '../../errors.ts'
import type { Catalogue } from './facts/catalogue.ts'
import { formHere } from './facts/elsewhere.ts'
import { nearest } from './facts/nearest.ts'
import type { ServerError } from './wire/decode.ts'

export interface Told {
  readonly target: string
  readonly seconds: number
  /** The agent's own statement, whose words may be told back. */
  readonly sql?: string
  readonly catalogue?: Catalogue | undefined
}
interface Words {
  readonly code: Code
  readonly message: string
  readonly hint?: string
  readonly retry?: boolean
}

const identifier =
  /(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*))*/uy

/** The name in the agent's statement that the server's position (characters, from 1) points at. */
const nameAt = (sql: string | undefined, position: number | undefined): string | undefined => {
  if (sql === undefined || position === undefined) return undefined
  identifier.lastIndex = Array.from(sql)
    .slice(0, position - 1)
    .join('').length
  return identifier.exec(sql)?.[0].slice(0, 130)
}
const last = (name: string): string =>
  (name.split('.').at(-1) ?? name).trim().replace(/^"|"$/g, '').replaceAll('""', '"')

/** Names that come from the target are told only when they look like names. */
const plainName = (name: string | undefined): string | undefined =>
  name !== undefined && /^[\p{L}_][\p{L}\p{N}_$ -]{0,62}$/u.test(name) ? name : undefined

const candidates = (sqlState: string, catalogue: Catalogue): Iterable<string> => {
  if (sqlState === '42703')
    return catalogue.relations.flatMap(({ columns }) => columns.map(({ name }) => name))
  if (sqlState === '42883')
    return [...catalogue.functions.map(({ name }) => name), ...Object.keys(catalogue.outs)]
  return catalogue.relations.map(({ name }) => name)
}

const unknownName = (what: string, error: ServerError, told: Told): Words => {
  const name = nameAt(told.sql, error.position)
  const near =
    name && told.catalogue
      ? nearest(last(name), candidates(error.sqlState, told.catalogue))
      : undefined
  return {
    code: 'SYNTAX_ERROR',
    message: name
      ? `There is no ${what} ${name} here.`
      : `The statement names a ${what} that is not there.`,
    hint:
      near && near !== name
        ? `Did you mean ${near}? sql_schema lists what there is.`
        : 'sql_schema lists what there is.',
  }
}

const constraints: Readonly<Record<string, string>> = {
  '23502': 'a value is missing that must not be null',
  '23503': 'a row refers to one that is not there, or is referred to',
  '23505': 'a row with this key exists already',
  '23514': 'a value breaks a check',
  '23P01': 'a row overlaps another one',
}
const constraint = (error: ServerError): Words => {
  const at = [
    ['constraint', plainName(error.constraint)],
    ['table', plainName(error.table)],
    ['column', plainName(error.column)],
  ].flatMap(([what, name]) => (name ? [`${what} ${name}`] : []))
  const where = at.length > 0 ? ` (${at.join(', ')})` : ''
  return {
    code: 'TARGET_FAILED',
    message: `The database refused the change: ${constraints[error.sqlState] ?? 'it breaks a constraint'}${where}. Nothing was changed.`,
  }
}

const exact: Readonly<Record<string, (error: ServerError, told: Told) => Words>> = {
  '42601': () => ({ code: 'SYNTAX_ERROR', message: 'The statement is not valid SQL.' }),
  '42P01': (error, told) => unknownName('table', error, told),
  '42703': (error, told) => unknownName('column', error, told),
  '42883': (error, told) => ({
    ...unknownName('function or operator', error, told),
    hint: 'No function or operator fits these argument types; an explicit cast may help.',
  }),
  '3F000': (error, told) => unknownName('schema', error, told),
  '42702': () => ({
    code: 'SYNTAX_ERROR',
    message: 'A column name is ambiguous.',
    hint: 'Qualify it with its table.',
  }),
  '42P02': () => ({
    code: 'SYNTAX_ERROR',
    message: 'The statement uses a parameter that was not given.',
  }),
  '42P18': () => ({
    code: 'SYNTAX_ERROR',
    message: 'The type of a parameter can not be told.',
    hint: 'Cast it, as in $1::int.',
  }),
  '08P01': () => ({
    code: 'INPUT_REFUSED',
    message: 'The number of params is not the number that the statement has.',
  }),
  '42803': () => ({
    code: 'SYNTAX_ERROR',
    message: 'A column stands outside an aggregate and is not in GROUP BY.',
    hint: 'Put it into GROUP BY, or into an aggregate such as max().',
  }),
  '42704': (_, told) => ({
    code: 'SYNTAX_ERROR',
    message: 'The statement names a type, setting or other object that is not there.',
    hint: formHere(told.sql ?? '') ?? 'sql_schema lists tables, views, functions and indexes.',
  }),
  '42846': () => ({
    code: 'SYNTAX_ERROR',
    message: 'A value can not be cast to this type.',
    hint: 'A cast to text works for every type.',
  }),
  '42804': () => ({
    code: 'SYNTAX_ERROR',
    message: 'Two types that have to be the same are not.',
    hint: 'Cast one of them, as in column::text.',
  }),
  '21000': () => ({
    code: 'TARGET_FAILED',
    message: 'A subquery that may give one row gave more.',
    hint: 'Add LIMIT 1 or an aggregate to it, or use IN.',
  }),
  '22007': () => ({
    code: 'TARGET_FAILED',
    message: 'A date or time is not written as its type needs.',
    hint: 'Write 2024-12-31 23:59:59+00.',
  }),
  '22008': () => ({
    code: 'TARGET_FAILED',
    message: 'A date or time does not exist or is out of range.',
    hint: 'Write 2024-12-31 23:59:59+00.',
  }),
  '2201B': () => ({ code: 'TARGET_FAILED', message: 'A regular expression is not valid.' }),
  '42501': (_, told) => ({
    code: 'TARGET_FAILED',
    message: 'The database does not permit this to the role that the gateway uses.',
    hint: /^\s*explain\b/i.test(told.sql ?? '')
      ? 'The plan of a change takes the role that may make it: send EXPLAIN .. to sql_execute.'
      : 'An administrator of the database grants it to that role.',
  }),
  '25006': () => ({
    code: 'INPUT_REFUSED',
    message: 'The statement would change something, and this tool only reads.',
    hint: 'Use sql_execute for changes.',
  }),
  '25001': () => ({
    code: 'INPUT_REFUSED',
    message:
      'The statement can not run inside a transaction, and the gateway runs every statement in one.',
  }),
  '57014': (_, told) => ({
    code: 'TIMEOUT',
    message: `The statement did not finish in ${told.seconds} s and was stopped. Nothing was changed.`,
    hint: 'Narrow it, or look at its plan with sql_explain.',
  }),
  '55P03': () => ({
    code: 'TIMEOUT',
    message: 'Somebody else holds a lock that the statement needs. Nothing was changed.',
    retry: true,
  }),
  '40001': () => ({
    code: 'TARGET_FAILED',
    message: 'A concurrent change got in the way. Nothing was changed.',
    retry: true,
  }),
  '40P01': () => ({
    code: 'TARGET_FAILED',
    message: 'The statement ran into a deadlock and was rolled back.',
    retry: true,
  }),
  '22P02': () => ({
    code: 'TARGET_FAILED',
    message: 'A value is not of the form that its type needs.',
    hint: 'Arrays are sent as text like {1,2}.',
  }),
  '22012': () => ({ code: 'TARGET_FAILED', message: 'The statement divides by zero.' }),
  '22003': () => ({ code: 'TARGET_FAILED', message: 'A number is out of the range of its type.' }),
  '22001': () => ({ code: 'TARGET_FAILED', message: 'A text is too long for its column.' }),
  '26000': () => ({ code: 'INPUT_REFUSED', message: 'There are no prepared statements here.' }),
  '0A000': () => ({ code: 'TARGET_FAILED', message: 'The database does not support this.' }),
}

const classes: Readonly<Record<string, Words>> = {
  '08': { code: 'TARGET_FAILED', message: 'The connection to the database failed.', retry: true },
  '22': { code: 'TARGET_FAILED', message: 'The database refused a value.' },
  '25': {
    code: 'TARGET_FAILED',
    message: 'The transaction was ended by the database. Nothing was changed.',
    retry: true,
  },
  '40': {
    code: 'TARGET_FAILED',
    message: 'The transaction was rolled back by the database.',
    retry: true,
  },
  '42': { code: 'SYNTAX_ERROR', message: 'The statement does not fit the database.' },
  '53': { code: 'TARGET_FAILED', message: 'The database is short of resources.', retry: true },
  '54': { code: 'INPUT_REFUSED', message: 'The statement is beyond a limit of the database.' },
  '57': { code: 'TARGET_FAILED', message: 'The database ended the statement.', retry: true },
  P0: {
    code: 'TARGET_FAILED',
    message: 'Code inside the database raised an error. Nothing was changed.',
  },
}

/** The error for the agent; `cause` holds the server's text for the operator. */
export const failure = (error: ServerError, told: Told): GateError => {
  const words: Words = exact[error.sqlState]?.(error, told) ??
    (error.sqlState.startsWith('23') ? constraint(error) : undefined) ??
    classes[error.sqlState.slice(0, 2)] ?? {
      code: 'TARGET_FAILED',
      message: 'The database could not run the statement.',
    }
  const { message, code, ...rest } = words
  return new GateError(code, message, {
    retry: false,
    ...rest,
    targetCode: error.sqlState,
    ...(error.position === undefined || told.sql === undefined ? {} : { position: error.position }),
    cause: new Error(error.text),
  })
}

/** What people used to other databases and clients write, and how PostgreSQL says it. */
const functions: Readonly<Record<string, string>> = {
  ifnull: 'coalesce',
  nvl: 'coalesce',
  isnull: 'coalesce',
  group_concat: 'string_agg',
  listagg: 'string_agg',
  getdate: 'now',
  sysdate: 'now',
  curdate: 'current_date',
  len: 'length',
  datalength: 'octet_length',
  charindex: 'strpos',
  instr: 'strpos',
  locate: 'strpos',
  date_format: 'to_char',
  str_to_date: 'to_date',
  datediff: 'a - b on dates',
  dateadd: "date + interval '1 day'",
  date_add: "date + interval '1 day'",
  date_sub: "date - interval '1 day'",
  year: 'extract(year from ..)',
  month: 'extract(month from ..)',
  day: 'extract(day from ..)',
  unix_timestamp: 'extract(epoch from ..)',
  from_unixtime: 'to_timestamp',
  json_extract: 'the operators -> and ->>',
  rand: 'random',
  uuid: 'gen_random_uuid',
  newid: 'gen_random_uuid',
  convert: 'cast(.. as ..)',
  iif: 'case when .. end',
  if: 'case when .. end',
}

/** What PostgreSQL has for a function of another database. */
export const functionHere = (name: string): string | undefined =>
  Object.hasOwn(functions, name) ? functions[name] : undefined

const forms: readonly (readonly [RegExp, string])[] = [
  [
    /^\s*(?:\\|(?:describe|desc|use|show\s+(?:tables|databases|schemas|columns|create|index(?:es)?))\b)/i,
    'sql_schema lists schemas, tables, columns and indexes.',
  ],
  [/`/, 'Names take double quotes, or none.'],
  [/^\s*select\s+top\b/i, 'Write LIMIT 5 at the end.'],
  [/\blimit\s+\d+\s*,\s*\d+/i, 'Write LIMIT 10 OFFSET 5.'],
  [
    /^\s*(?:pragma|go|exec|merge\s+replace|replace\s+into)\b/i,
    'The targets of SQL speak PostgreSQL.',
  ],
]

/** How to write a statement that another database or client would take. */
export const formHere = (sql: string): string | undefined =>
  forms.find(([form]) => form.test(sql))?.[1]

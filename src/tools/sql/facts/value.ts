/** What is known of one expression: which stored columns decide it, and in which way. */
export interface Value {
  /** Keys (`columnKey`) of every stored column that it is computed from. */
  readonly from: ReadonlySet<string>
  /** Those of `from` of which nothing decides it but what is open of any column: NULL or not, which are equal, in which order. */
  readonly tested: ReadonlySet<string>
  /** Also computed from something that can't be named. */
  readonly unknown: boolean
  /** It is one stored column's value, unchanged. */
  readonly stored: boolean
  /** How many literals and parameters it consists of; 0 when it is anything else. */
  readonly constants: number
  /** It can't fail or take long depending on the values in it. */
  readonly total: boolean
}

const nothing: ReadonlySet<string> = new Set()

export const plain: Value = {
  from: nothing,
  tested: nothing,
  unknown: false,
  stored: false,
  constants: 0,
  total: true,
}
export const constant: Value = { ...plain, constants: 1 }
export const untold: Value = { ...plain, unknown: true }

export const columnKey = (schema: string, table: string, column: string): string =>
  `${schema}\0${table}\0${column}`

export const storedColumn = (key: string): Value => ({
  from: new Set([key]),
  tested: nothing,
  unknown: false,
  stored: true,
  constants: 0,
  total: true,
})

/** All that flows together; stored when both are, total when both are, constant no longer. */
export const both = (a: Value, b: Value): Value => {
  if (a === b) return a
  return {
    from: a.from.size === 0 ? b.from : b.from.size === 0 ? a.from : new Set([...a.from, ...b.from]),
    tested: testedIn([a, b]),
    unknown: a.unknown || b.unknown,
    stored: a.stored && b.stored,
    constants: 0,
    total: a.total && b.total,
  }
}

/** Everything computed from all of these; `total` says whether the computation itself is. */
export const computed = (values: readonly Value[], total: boolean): Value => {
  let from = nothing
  let unknown = false
  let all = total
  for (const v of values) {
    if (v.from.size > 0) from = from.size === 0 ? v.from : new Set([...from, ...v.from])
    unknown ||= v.unknown
    all &&= v.total
  }
  return { from, tested: testedIn(values), unknown, stored: false, constants: 0, total: all }
}

/** What is only tested in one part and used in another is used. */
const testedIn = (values: readonly Value[]): ReadonlySet<string> => {
  if (values.every((v) => v.tested.size === 0)) return nothing
  const used = new Set(values.flatMap((v) => [...v.from].filter((key) => !v.tested.has(key))))
  return new Set(values.flatMap((v) => [...v.tested].filter((key) => !used.has(key))))
}

/** `value IS NULL`. */
export const nullTest = (value: Value): Value => ({
  ...computed([value], true),
  tested: value.stored ? value.from : value.tested,
})

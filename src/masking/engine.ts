/** The engine: one automaton over every keyword and known value, then a look at a bounded window around each hit. */
import { emailAt, urlPasswordAt } from './addresses.ts'
import { type Automaton, automaton, classes, shift } from './automaton.ts'
import { type Finding, type Hits, merged, replaced } from './finding.ts'
import { type KnownForm, knownAt, knownForms, tailAt, tailsOf } from './known.ts'
import { nameAround, namedValue } from './named.ts'
import { nameStems } from './names.ts'
import { cards, ibans, socialSecurityNumbers } from './numbers.ts'
import { personalFindings } from './personal.ts'
import { screen, seen } from './screen.ts'
import { azureSecretAt, jwtAt, pemAt, schemeAt, tokenAt, tokenRules } from './tokens.ts'
import {
  backslashDecoded,
  decodedRuns,
  formDecoded,
  mayHoldRuns,
  percentDecoded,
  type View,
} from './views.ts'

/** Called now and then; throws when time is up. */
export type Deadline = () => void

export interface Engine {
  /** Bits of `seen`: 0 for text that holds nothing to mask and nothing to escape. */
  screen(text: string): number
  /** What is to be masked, sorted, without overlaps. `cut`: the text may end in the middle of something. */
  find(text: string, deadline: Deadline, cut?: boolean): readonly Finding[]
  mask(text: string, hits: Hits, deadline: Deadline, cut?: boolean): string
}

/** Looks at the text where a keyword ends: `last` is its last character. */
type Look = (text: string, last: number) => Finding | undefined

interface Keyword {
  readonly keyword: string
  readonly look: Look
}

const prefixed = (
  keyword: string,
  at: (text: string, start: number) => Finding | undefined,
): Keyword => ({
  keyword,
  look: (text, last) =>
    last + 1 < keyword.length ? undefined : at(text, last + 1 - keyword.length),
})

const fixed: readonly Keyword[] = [
  ...tokenRules.map((rule) => prefixed(rule.prefix, (text, start) => tokenAt(text, start, rule))),
  prefixed('eyJ', jwtAt),
  prefixed('-----BEGIN ', pemAt),
  prefixed('bearer ', (text, start) => schemeAt(text, start, 'bearer')),
  prefixed('basic ', (text, start) => schemeAt(text, start, 'basic')),
  prefixed('Q~', azureSecretAt),
  prefixed('@', emailAt),
  prefixed('://', urlPasswordAt),
]

/** Position in `fixed` and then the stems of names, then the known values: the automaton's numbering. */
const stemsFrom = fixed.length
const knownFrom = stemsFrom + nameStems.length

/** Builds the engine for these known values: some milliseconds, so callers keep it. Throws RangeError when they are too many. */
export const engineFor = (known: Iterable<string>): Engine => {
  const forms = knownForms(known)
  const machine = automaton([
    ...fixed.map(({ keyword }) => keyword),
    ...nameStems,
    ...forms.map(({ anchor }) => anchor),
  ])
  const tails = tailsOf(forms)
  const find = (text: string, deadline: Deadline, cut: boolean, depth: number): Finding[] => [
    ...keywordFindings(text, machine, forms, deadline, cut),
    ...tailFindings(text, cut, tails),
    ...cards(text),
    ...ibans(text),
    ...socialSecurityNumbers(text),
    ...(depth > 0
      ? encodedFindings(
          cut ? text.replace(halfEscape, '') : text,
          (inner) => find(inner, deadline, cut, depth - 1),
          machine,
          deadline,
        )
      : []),
  ]
  const all = (text: string, deadline: Deadline, cut = false): readonly Finding[] =>
    merged(find(text, deadline, cut, 2))
  return {
    screen: (text) => screen(text, machine),
    find: all,
    mask: (text, hits, deadline, cut) => {
      const findings = all(text, deadline, cut)
      return findings.length === 0 ? text : replaced(text, findings, hits)
    },
  }
}

/** The same, which also finds personal data by its form. */
export const withPersonal = (engine: Engine): Engine => {
  const find: Engine['find'] = (text, deadline, cut) =>
    merged([...engine.find(text, deadline, cut), ...personalFindings(text)])
  return {
    screen: (text) => engine.screen(text) | seen.candidate,
    find,
    mask: (text, hits, deadline, cut) => {
      const findings = find(text, deadline, cut)
      return findings.length === 0 ? text : replaced(text, findings, hits)
    },
  }
}

const keywordFindings = (
  text: string,
  machine: Automaton,
  forms: readonly KnownForm[],
  deadline: Deadline,
  cut: boolean,
): Finding[] => {
  const { next, accepting, ends } = machine
  const found: Finding[] = []
  let state = 0
  let nameEnd = 0
  // Behind this position nothing new can start: a finding reaches up to here.
  let covered = 0
  for (let at = 0; at < text.length; at++) {
    if ((at & 0x3fff) === 0) deadline()
    const code = text.charCodeAt(at)
    state = next[(state << shift) | (classes[code < 128 ? code : 128 | (code & 127)] ?? 0)] ?? 0
    if (state < accepting || code === 10 || code === 13) continue
    for (const index of ends[state - accepting] ?? []) {
      let finding: Finding | undefined
      if (index >= knownFrom) finding = knownFinding(text, at, forms[index - knownFrom], cut)
      else if (at < covered) continue
      else if (index < stemsFrom) finding = fixed[index]?.look(text, at)
      else if (at >= nameEnd) {
        const name = nameAround(text, at + 1)
        nameEnd = name.end
        finding = namedValue(text, name)
      }
      if (finding === undefined) continue
      found.push(finding)
      covered = Math.max(covered, finding.end)
    }
  }
  return found
}

const knownFinding = (
  text: string,
  last: number,
  form: KnownForm | undefined,
  cut: boolean,
): Finding | undefined => (form === undefined ? undefined : knownAt(text, last, form, cut))

const tailFindings = (
  text: string,
  cut: boolean,
  tails: Parameters<typeof tailAt>[1],
): readonly Finding[] => {
  const tail = cut ? tailAt(text, tails) : undefined
  return tail === undefined ? [] : [tail]
}

/** What a cut leaves of an escape stands for nothing yet, and must not hide what stands before it. */
const halfEscape = /(?:%[0-9A-Fa-f]?|\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?)$/

/** What shows only when an encoding is taken off: URL and backslash escapes by character, base64 and hex by the run. */
const encodedFindings = (
  text: string,
  find: (inner: string) => Finding[],
  machine: Automaton,
  deadline: Deadline,
): Finding[] => {
  const found: Finding[] = []
  const bits = marks(text)
  const views = [
    (bits & seen.percent) !== 0 ? percentDecoded(text) : undefined,
    (bits & seen.percent) !== 0 ? formDecoded(text) : undefined,
    (bits & seen.backslash) !== 0 ? backslashDecoded(text) : undefined,
  ]
  for (const view of views)
    if (view !== undefined) found.push(...broughtBack(view, find(view.text)))
  if (!mayHoldRuns(text)) return found
  for (const run of decodedRuns(text)) {
    deadline()
    if ((screen(run.text, machine) & seen.candidate) === 0) continue
    const [inside] = find(run.text)
    if (inside !== undefined) found.push({ start: run.start, end: run.end, type: inside.type })
  }
  return found
}

const marks = (text: string): number =>
  (text.includes('%') ? seen.percent : 0) | (text.includes('\\') ? seen.backslash : 0)

const broughtBack = (view: View, findings: readonly Finding[]): Finding[] =>
  findings.map(({ start, end, type }) => ({
    start: view.from[start] ?? 0,
    end: view.from[end] ?? 0,
    type,
  }))

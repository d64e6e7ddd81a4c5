/** The notary's history: signed statements, each naming the one before, that say which key was in force and where the log was cut. */
import { hash } from 'node:crypto'
import { EMPTY_ROOT } from './merkle.ts'
import {
  type NoteKey,
  NoteRefused,
  openNote,
  parseVkey,
  type Signer,
  signNote,
  vkeyOf,
} from './note.ts'

/** `rotated`: another key; `recovered`: the notary's state was put back; `rebased`: the log goes on from elsewhere. */
export const statementKinds = ['created', 'rotated', 'recovered', 'rebased'] as const
export type StatementKind = (typeof statementKinds)[number]

export interface TreePoint {
  readonly size: number
  readonly root: Buffer
}

export interface Statement {
  readonly log: string
  readonly kind: StatementKind
  /** After it: 1, and one more for each `rebased`. */
  readonly epoch: number
  /** In force after it. */
  readonly key: NoteKey
  /** What the notary had. */
  readonly from: TreePoint
  /** What it goes on from. */
  readonly to: TreePoint
  /** By the notary's clock, ISO 8601. */
  readonly at: string
  /** SHA-256 of the statement before, hex; zeros for the first. */
  readonly prev: string
  /** One line of the operator's. */
  readonly reason: string
}

export interface History {
  readonly statements: readonly Statement[]
  /** Every key that was ever in force, oldest first. */
  readonly keys: readonly NoteKey[]
  readonly current: NoteKey
  readonly epoch: number
  /** SHA-256 of the last statement, hex. */
  readonly head: string
}

const title = 'countersign notary statement'
const names = ['log', 'kind', 'epoch', 'key', 'from', 'to', 'at', 'prev', 'reason'] as const
const FIRST = '0'.repeat(64)

const pointText = ({ root, size }: TreePoint): string => `${size} ${root.toString('base64')}`

const pointOf = (text: string): TreePoint => {
  const [, size, root] = /^(0|[1-9]\d{0,15}) (\S{44})$/.exec(text) ?? []
  const bytes = Buffer.from(root ?? '', 'base64')
  if (size === undefined || bytes.length !== 32 || bytes.toString('base64') !== root)
    throw new NoteRefused('a statement of the notary names no point of the tree')
  return { size: Number(size), root: bytes }
}

export const headOf = (note: string): string => hash('sha256', note, 'hex')

/** The note; `signers` are the key that was in force and, for a rotation, the new one. Throws NoteRefused. */
export const writeStatement = (statement: Statement, signers: readonly Signer[]): string => {
  const { at, epoch, from, key, kind, log, prev, reason, to } = statement
  const values = {
    log,
    kind,
    epoch: String(epoch),
    key: vkeyOf(key),
    from: pointText(from),
    to: pointText(to),
    at,
    prev,
    reason: reason.replace(/\s+/g, ' ').trim() || '-',
  }
  return signNote(`${title}\n${names.map((name) => `${name} ${values[name]}\n`).join('')}`, signers)
}

/** The first statement of a notary that has signed nothing yet. */
export const createdStatement = (log: string, signer: Signer, at: string): string => {
  const point = { size: 0, root: EMPTY_ROOT }
  const statement: Statement = {
    log,
    kind: 'created',
    epoch: 1,
    key: signer,
    from: point,
    to: point,
    at,
    prev: FIRST,
    reason: 'first start',
  }
  return writeStatement(statement, [signer])
}

const parse = (text: string): Statement => {
  const [first, ...lines] = text.split('\n')
  const value = new Map<string, string>()
  for (const [at, name] of names.entries()) {
    const line = lines[at] ?? ''
    if (!line.startsWith(`${name} `))
      throw new NoteRefused(`a statement of the notary has no ${name}`)
    value.set(name, line.slice(name.length + 1))
  }
  const get = (name: (typeof names)[number]): string => value.get(name) ?? ''
  const kind = statementKinds.find((one) => one === get('kind'))
  if (
    first !== title ||
    lines.length !== names.length + 1 ||
    lines.at(-1) !== '' ||
    kind === undefined
  )
    throw new NoteRefused('this is no statement of a notary')
  if (!/^[1-9]\d{0,5}$/.test(get('epoch')) || !/^[0-9a-f]{64}$/.test(get('prev')))
    throw new NoteRefused('a statement of the notary is malformed')
  return {
    log: get('log'),
    kind,
    epoch: Number(get('epoch')),
    key: parseVkey(get('key')),
    from: pointOf(get('from')),
    to: pointOf(get('to')),
    at: get('at'),
    prev: get('prev'),
    reason: get('reason'),
  }
}

/** The text of a note whose signers are looked at by the caller. */
const textOf = (note: string): string => note.slice(0, note.lastIndexOf('\n\n') + 1)

const follows = (
  one: Statement,
  before: Statement | undefined,
  by: readonly NoteKey[],
): boolean => {
  const signed = (key: NoteKey) => by.some((signer) => vkeyOf(signer) === vkeyOf(key))
  if (before === undefined)
    return one.kind === 'created' && one.epoch === 1 && one.to.size === 0 && signed(one.key)
  const sameKey = vkeyOf(one.key) === vkeyOf(before.key)
  const epoch = before.epoch + (one.kind === 'rebased' ? 1 : 0)
  return (
    one.kind !== 'created' &&
    one.epoch === epoch &&
    signed(before.key) &&
    signed(one.key) &&
    sameKey === (one.kind !== 'rotated')
  )
}

/**
 * Checks every statement: its place after the one before, its log, its signatures by the key that was in force and the
 * one that is. Whoever trusts the first key may trust them all. Throws NoteRefused.
 */
export const readHistory = (notes: readonly string[], log: string): History => {
  const statements: Statement[] = []
  let head = FIRST
  for (const note of notes) {
    const one = parse(textOf(note))
    const before = statements.at(-1)
    const { by } = openNote(note, before === undefined ? [one.key] : [before.key, one.key])
    if (one.log !== log) throw new NoteRefused('a statement of the notary is of another log')
    if (one.prev !== head || !follows(one, before, by))
      throw new NoteRefused("the notary's statements do not follow each other")
    statements.push(one)
    head = headOf(note)
  }
  const last = statements.at(-1)
  if (last === undefined) throw new NoteRefused('the notary has no history')
  const keys = new Map(statements.map(({ key }) => [vkeyOf(key), key]))
  return { statements, keys: [...keys.values()], current: last.key, epoch: last.epoch, head }
}

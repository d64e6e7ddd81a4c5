/** The notary's own folder: its key, its history, and how far it has signed. What is missing there is never made up again. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { CompactState } from '../audit/tree/compact.ts'
import { openCompact } from '../audit/tree/compact.ts'
import { type Signer, signerOf, vkeyOf } from '../audit/tree/note.ts'
import {
  createdStatement,
  type History,
  headOf,
  readHistory,
  type TreePoint,
} from '../audit/tree/note-history.ts'
import { GateError } from '../errors.ts'
import { makeFolder, readIfThere, renameDurably, writeDurably } from './files.ts'

/** How far the notary has signed. */
export interface Signed extends TreePoint {
  readonly epoch: number
  /** Undefined after a recovery, until the first request brings hashes that fold to the root. */
  readonly hashes: readonly Buffer[] | undefined
  /** The last checkpoint; undefined before the first and after a recovery. */
  readonly note: string | undefined
  /** The last statement of the history that this knows of, hex. */
  readonly head: string
}

export interface NotaryFolder {
  readonly log: string
  readonly notes: readonly string[]
  readonly history: History
  readonly signer: Signer
  /** Undefined: the file is lost. */
  readonly signed: Signed | undefined
  /** On disk when it resolves. */
  keep(signed: Signed): Promise<void>
  /** Adds a statement (and a key that it brings); on disk when it resolves. */
  state(note: string, key?: KeyObject): Promise<void>
}

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)
const signedForm = z.strictObject({
  v: z.literal(1),
  epoch: z.int().min(1),
  size: z.int().min(0),
  root: hex32,
  hashes: z.array(hex32).max(53).nullable(),
  note: z.string().nullable(),
  head: hex32,
})
const historyForm = z.strictObject({ log: z.string().min(1), notes: z.array(z.string()).min(1) })

const signedText = ({ epoch, hashes, head, note, root, size }: Signed): string =>
  `${JSON.stringify({
    v: 1,
    epoch,
    size,
    root: root.toString('hex'),
    hashes: hashes?.map((one) => one.toString('hex')) ?? null,
    note: note ?? null,
    head,
  })}\n`

const broken = (file: string, cause?: unknown): GateError =>
  new GateError(
    'CONFIG_INVALID',
    `${file} is damaged; put it back from a copy, or recover the notary.`,
    {
      cause,
    },
  )

const signedOf = (text: string, file: string): Signed => {
  try {
    const { epoch, hashes, head, note, root, size } = signedForm.parse(JSON.parse(text))
    const point = { size, root: Buffer.from(root, 'hex') }
    const state: CompactState | undefined = hashes
      ? { size, hashes: hashes.map((one) => Buffer.from(one, 'hex')) }
      : undefined
    if (state && !openCompact(state).root().equals(point.root)) throw broken(file)
    return { ...point, epoch, head, hashes: state?.hashes, note: note ?? undefined }
  } catch (cause) {
    throw cause instanceof GateError ? cause : broken(file, cause)
  }
}

const pem = (key: KeyObject): string => String(key.export({ type: 'pkcs8', format: 'pem' }))

const filesIn = (folder: string) => {
  const signing = join(folder, 'signing')
  return {
    signing,
    key: join(signing, 'key.pem'),
    nextKey: join(signing, 'key.next.pem'),
    history: join(signing, 'history.json'),
    state: join(signing, 'state.json'),
    public: join(folder, 'notary.pub'),
  }
}

const create = async (folder: string, log: string): Promise<void> => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const note = createdStatement(log, signerOf(log, privateKey), new Date().toISOString())
  const empty = openCompact()
  await makeFolder(filesIn(folder).signing, {
    'key.pem': pem(privateKey),
    'history.json': `${JSON.stringify({ log, notes: [note] })}\n`,
    'state.json': signedText({
      size: 0,
      root: empty.root(),
      hashes: [],
      epoch: 1,
      note: undefined,
      head: headOf(note),
    }),
  })
}

/** The key that the history says is in force; a rotation that was cut off after its statement is finished here. */
const keyFor = async (folder: string, log: string, history: History): Promise<Signer> => {
  const files = filesIn(folder)
  for (const file of [files.key, files.nextKey]) {
    const text = await readIfThere(file)
    if (text === undefined) continue
    const signer = signerOf(log, createPrivateKey(text))
    if (vkeyOf(signer) !== vkeyOf(history.current)) continue
    if (file === files.nextKey) await renameDurably(files.nextKey, files.key)
    return signer
  }
  throw new GateError(
    'CONFIG_INVALID',
    `${files.key} is not there or is not the key that ${files.history} says is in force.`,
  )
}

/** A statement that was written when the process died before its state: the state follows from it. */
const caughtUp = (found: Signed | undefined, history: History): Signed | undefined => {
  const last = history.statements.at(-1)
  if (found === undefined || last === undefined || found.head === history.head) return found
  if (last.kind === 'rotated') return { ...found, note: undefined, head: history.head }
  return {
    ...last.to,
    epoch: last.epoch,
    hashes: undefined,
    note: undefined,
    head: history.head,
  }
}

/**
 * Opens the folder, which is 0700 and held by this process. The first time, with `log`, it makes the key. Throws
 * CONFIG_INVALID when it is of another log, or damaged.
 */
export const openFolder = async (folder: string, log?: string): Promise<NotaryFolder> => {
  const files = filesIn(folder)
  let text = await readIfThere(files.history)
  if (text === undefined && (await readIfThere(files.key)) !== undefined)
    throw broken(files.history)
  if (text === undefined) {
    if (log === undefined)
      throw new GateError(
        'CONFIG_INVALID',
        `${folder} holds no notary yet; its first start takes --log NAME, the log.name of the gateways.`,
      )
    await create(folder, log)
    text = await readIfThere(files.history)
  }
  let kept: z.output<typeof historyForm>
  let history: History
  try {
    kept = historyForm.parse(JSON.parse(text ?? ''))
    history = readHistory(kept.notes, kept.log)
  } catch (cause) {
    throw broken(files.history, cause)
  }
  if (log !== undefined && log !== kept.log)
    throw new GateError('CONFIG_INVALID', `${folder} is the notary of ${kept.log}, not of ${log}.`)
  const signer = await keyFor(folder, kept.log, history)
  await rm(files.nextKey, { force: true })
  const publish = (of: History) =>
    writeDurably(files.public, of.keys.map((key) => `${vkeyOf(key)}\n`).join(''), 0o644)
  await publish(history)
  const stateText = await readIfThere(files.state)
  const found = stateText === undefined ? undefined : signedOf(stateText, files.state)
  let signed = caughtUp(found, history)
  return {
    log: kept.log,
    notes: kept.notes,
    history,
    signer,
    get signed() {
      return signed
    },
    async keep(next) {
      await writeDurably(files.state, signedText(next))
      signed = next
    },
    async state(note, key) {
      const notes = [...kept.notes, note]
      const next = readHistory(notes, kept.log)
      if (key) await writeDurably(files.nextKey, pem(key))
      await writeDurably(files.history, `${JSON.stringify({ log: kept.log, notes })}\n`)
      if (key) await renameDurably(files.nextKey, files.key)
      await publish(next)
    },
  }
}

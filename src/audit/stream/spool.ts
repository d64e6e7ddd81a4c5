/** Outcomes that a fenced process still learnt, encrypted on its own disk until recovery adds them as `call.late`. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Entry, KeyWrap } from '../../types.ts'

interface StreamPlace {
  readonly stream: string
  readonly epoch: string
}

interface Spooled {
  readonly place: StreamPlace
  readonly entries: readonly Entry[]
}

export interface Spool {
  /** On disk, synced, when it resolves. */
  write(place: StreamPlace, entries: readonly Entry[]): Promise<void>
  /** What lies there; what can't be read is left and counted in `unreadable`. */
  read(): Promise<{ readonly found: ReadonlyMap<string, Spooled>; readonly unreadable: number }>
  remove(id: string): Promise<void>
}

const WRAP = 'audit.spool'
const fileShape = z.strictObject({ key: z.string(), nonce: z.string(), body: z.string() })
const bodyShape = z.strictObject({
  place: z.strictObject({ stream: z.string(), epoch: z.string() }),
  // Written and sealed by this file alone, so its inner form is an Entry's.
  entries: z.array(
    z.looseObject({
      type: z.string(),
      parts: z.array(z.looseObject({ kind: z.string(), bytes: z.string() })).optional(),
    }),
  ),
})

const plain = (place: StreamPlace, entries: readonly Entry[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      place,
      entries: entries.map(({ parts, ...entry }) => ({
        ...entry,
        ...(parts
          ? {
              parts: parts.map(({ kind, bytes }) => ({
                kind,
                bytes: Buffer.from(bytes).toString('base64'),
              })),
            }
          : {}),
      })),
    }),
  )

const seal = (keys: KeyWrap, body: Buffer): string => {
  const key = randomBytes(32)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()])
  return JSON.stringify({
    key: keys.wrap(key, WRAP).toString('base64'),
    nonce: nonce.toString('base64'),
    body: sealed.toString('base64'),
  })
}

const unseal = (keys: KeyWrap, text: string): Spooled => {
  const { key, nonce, body } = fileShape.parse(JSON.parse(text))
  const sealed = Buffer.from(body, 'base64')
  const end = sealed.length - 16
  const decipher = createDecipheriv(
    'aes-256-gcm',
    keys.unwrap(Buffer.from(key, 'base64'), WRAP),
    Buffer.from(nonce, 'base64'),
  ).setAuthTag(sealed.subarray(end))
  const opened = Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
  const { place, entries } = bodyShape.parse(JSON.parse(opened.toString('utf8')))
  return {
    place,
    entries: entries.map(
      (entry) =>
        ({
          ...entry,
          ...(entry.parts
            ? {
                parts: entry.parts.map(({ kind, bytes }) => ({
                  kind,
                  bytes: Buffer.from(bytes, 'base64'),
                })),
              }
            : {}),
        }) as unknown as Entry,
    ),
  }
}

/** `folder` is made with mode 0700; a file a stranded group of entries, mode 0600. */
export const openSpool = (folder: string, keys: KeyWrap): Spool => ({
  async write(place, entries) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(join(folder, `${randomUUID()}.late`), 'wx', 0o600)
    try {
      await file.writeFile(seal(keys, plain(place, entries)))
      await file.sync()
    } finally {
      await file.close()
    }
  },
  async read() {
    const found = new Map<string, Spooled>()
    let unreadable = 0
    const names = await readdir(folder).catch(() => [])
    for (const id of names.filter((name) => name.endsWith('.late'))) {
      try {
        found.set(id, unseal(keys, await readFile(join(folder, id), 'utf8')))
      } catch {
        unreadable += 1
      }
    }
    return { found, unreadable }
  },
  remove: (id) => rm(join(folder, id), { force: true }),
})

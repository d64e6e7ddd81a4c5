/** I7: planted secrets are nowhere that somebody could read them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openReader, type StoredEvent } from '../../../src/audit/reading/read.ts'
import { keyText, logName, passphrase } from './gateway.ts'
import { keysOf, type Scene } from './scene.ts'

const filesUnder = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    : []

/** Where a planted secret shows: what clients heard, what processes said, metrics, spools, every row and every opened part of the store. */
export const leaks = async (scene: Scene, events: readonly StoredEvent[]): Promise<string[]> => {
  const { admin, gateways, history, secrets = [], target } = scene
  const planted = [
    ...target.secrets,
    passphrase,
    keyText('vault.key'),
    keyText('token.key'),
    ...secrets,
  ]
  const found: string[] = []
  const look = (where: string, text: string): void => {
    if (planted.some((secret) => text.includes(secret))) found.push(where)
  }
  look('an answer', history.heard())
  for (const gateway of gateways) {
    look(`what ${gateway.name} said`, gateway.said())
    look(`metrics of ${gateway.name}`, await gateway.metrics().catch(() => ''))
    for (const file of filesUnder(join(gateway.state, 'spool')))
      look(`the spool of ${gateway.name}`, readFileSync(file, 'latin1'))
  }
  const { rows: tables } = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('audit', 'countersign')`,
  )
  for (const { name } of tables) {
    // A driver's text of a row: bytes are hex there, and are looked at opened below.
    const { rows } = await admin.query<{ hit: boolean }>(
      `select exists (select from ${name} t, unnest($1::text[]) s(secret) where position(secret in t::text) > 0) as hit`,
      [planted],
    )
    if (rows[0]?.hit) found.push(name)
  }
  const reader = openReader({ pool: admin, keys: keysOf(), log: logName })
  const queue = events.filter(({ header }) => header.payload !== undefined)
  const open = async (): Promise<void> => {
    for (let event = queue.pop(); event !== undefined; event = queue.pop())
      for (const part of await reader.parts(event))
        if ('bytes' in part) look(`a payload of ${event.header.type}`, part.bytes.toString('utf8'))
  }
  await Promise.all([open(), open(), open(), open()])
  return found
}

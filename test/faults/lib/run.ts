/** Runs cases one after another, each with its own folder, its time and its ends, and says what came of each. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Fault, type Kit, NotRun, type Outcome } from './fault.ts'
import { seeded } from './random.ts'
import { within } from './wait.ts'

const usualLimitMs = 120_000
/** Limits are meant for a machine that does nothing else; a hang is a hang after three times as long, too. */
const patience = 3
const endMs = 30_000

export type Row = { readonly fault: number; readonly name: string; readonly seconds: number } & (
  | ({ readonly kind: 'run' } & Outcome)
  | { readonly kind: 'not_run'; readonly figure: string }
)

const said = (thrown: unknown): string => {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return text.replaceAll(/\s+/g, ' ').slice(0, 600)
}

const verbose = process.env.FAULTS_VERBOSE !== undefined

/** Runs one case; everything that it deferred has ended when this resolves. */
export const runOne = async (one: Fault, seed: string, folder: string): Promise<Row> => {
  const started = performance.now()
  const ends: (() => unknown)[] = []
  const late = new AbortController()
  const own = join(folder, `fault-${one.fault}`)
  mkdirSync(own, { mode: 0o711 })
  const kit: Kit = {
    folder: own,
    signal: late.signal,
    random: seeded(seed, String(one.fault)),
    defer: (stop) => void ends.push(stop),
    say: (text) => {
      if (verbose) process.stderr.write(`  [${one.fault}] ${text}\n`)
    },
  }
  const limitMs = patience * (one.limitMs ?? usualLimitMs)
  const named = () => ({
    fault: one.fault,
    name: one.name,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  })
  let row: Row
  try {
    const outcome = await within('the whole case', limitMs, one.run(kit))
    row = { ...named(), kind: 'run', ...outcome }
  } catch (thrown) {
    if (verbose && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`)
    row =
      thrown instanceof NotRun
        ? { ...named(), kind: 'not_run', figure: thrown.message }
        : { ...named(), kind: 'run', held: false, figure: `ended by an error: ${said(thrown)}` }
  }
  late.abort()
  for (const end of ends.reverse()) {
    // What does not end in time is said; the next end is still tried.
    await within('an end of the case', endMs, Promise.resolve().then(end)).catch((thrown) =>
      process.stderr.write(`fault ${one.fault}, at its end: ${said(thrown)}\n`),
    )
  }
  // A notary ends a moment after the gateway that was killed, and may write until then.
  rmSync(own, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  return row
}

/** Where a run keeps what its cases make: short, as PostgreSQL's sockets need it, and open for the system user to pass through. */
export const runFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-f-'))
  // PostgreSQL runs as another user where we are root.
  chmodSync(folder, 0o711)
  return folder
}

/** `1,2,9-12` as numbers. Throws on anything else. */
export const numbersOf = (text: string): ReadonlySet<number> => {
  const found = new Set<number>()
  for (const part of text.split(',')) {
    const [, from, to] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim()) ?? []
    if (from === undefined) throw new Error(`--only takes numbers and ranges, as 1,2,9-12: ${part}`)
    for (let n = Number(from); n <= Number(to ?? from); n++) found.add(n)
  }
  return found
}

/** Every case that the files of `cases/` export, by number. `load` imports a file. Throws where two files have one number. */
export const discover = async (
  folder: string,
  load: (file: string) => Promise<{ readonly faults?: readonly Fault[] }>,
): Promise<readonly Fault[]> => {
  const all: Fault[] = []
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(ts|js)$/.test(name)) continue
    const { faults } = await load(join(folder, name))
    if (faults === undefined) throw new Error(`${name} exports no faults`)
    for (const one of faults) {
      if (all.some(({ fault }) => fault === one.fault))
        throw new Error(`two cases have the number ${one.fault}`)
      all.push(one)
    }
  }
  return all.sort((a, b) => a.fault - b.fault)
}

// A signed bundle of a bench's log, and how fast a process of its own verifies it.
import { execFile } from 'node:child_process'
import { createWriteStream, writeFileSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { exportBundle } from '../../dist/audit/bundle/export.js'
import { startLeader } from '../../dist/audit/tree/leader.js'
import { vkeyOf } from '../../dist/audit/tree/note.js'
import { openFolder } from '../../dist/notary/folder.js'
import { openNotary } from '../../dist/notary/sign.js'

const run = promisify(execFile)
const verifier = fileURLToPath(new URL('./verify-bundle.js', import.meta.url))

const viewOf = (notary) => {
  const { epoch, note, root, size } = notary.signed()
  return { log: notary.log, epoch, size, root, note, history: notary.notes }
}

/** Has everything that the store holds signed, and writes it out; the files of bundle and key. */
export const bundleOf = async ({ connection, pool, log, keys, folder, record }) => {
  await mkdir(join(folder, 'notary'))
  const opened = await openFolder(join(folder, 'notary'), log)
  const notary = openNotary(opened)
  const key = join(folder, 'notary.pub')
  writeFileSync(key, `${vkeyOf(opened.signer)}\n`)
  const leader = startLeader({
    database: connection,
    notary: {
      state: async () => viewOf(notary),
      async sign(request) {
        const answer = await notary.sign(request)
        return answer.kind === 'signed' ? answer : { ...answer, has: viewOf(notary) }
      },
    },
    log,
    writer: 'bench',
    record,
    everyMs: 50,
  })
  const { rows } = await pool.query('select count(*)::int as n from audit.event')
  while (leader.signedSize() < rows[0].n) await new Promise((wake) => setTimeout(wake, 50))
  await leader.stop()
  const bundle = join(folder, 'bundle')
  const file = createWriteStream(bundle)
  await exportBundle({
    pool,
    keys,
    log,
    payloads: 'clear',
    write: (piece) =>
      new Promise((next, failed) => file.write(piece, (cause) => (cause ? failed(cause) : next()))),
  })
  await new Promise((done) => file.end(done))
  return { bundle, key, bytes: (await stat(bundle)).size }
}

/** Median of some runs, each in a process of its own: events/s, and the most memory that one took. */
export const verifyRate = async ({ bundle, key }, runs = 3) => {
  const seen = []
  for (let at = 0; at < runs; at++) {
    const { stdout } = await run(process.execPath, [verifier, bundle, key])
    seen.push(JSON.parse(stdout))
  }
  const wrong = seen.find(({ exit }) => exit !== 0)
  if (wrong) throw new Error(`the bench's own bundle does not verify: ${JSON.stringify(wrong)}`)
  seen.sort((one, other) => one.perSecond - other.perSecond)
  const { events, perSecond } = seen[Math.floor(runs / 2)]
  return { events, perSecond, rssMb: Math.max(...seen.map(({ rssMb }) => rssMb)) }
}

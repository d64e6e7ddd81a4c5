/** `audit verify` and `audit export`, as the commands do them. */
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { formatBundleVerification } from '../../audit/bundle/offline-format.ts'
import { formatVerification } from '../../audit/reading/format.ts'
import { verifyStore } from '../../audit/verify/verify.ts'
import { decideRecorded } from '../../guards/policy/recorded.ts'
import { notaryFolder } from '../../serve/embedded-notary.ts'
import { openEvidence } from '../../serve/evidence.ts'
import { exportLog, fileSink } from '../audit-export.ts'
import { verifyFile } from '../audit-verify.ts'
import type { Page } from './page.ts'
import type { Setting } from './setting.ts'

export const verifyNow = async ({ config }: Setting, page: Page): Promise<boolean> => {
  const evidence = await openEvidence(config)
  try {
    const seen = await verifyStore({
      pool: evidence.store.pool,
      log: config.log.name,
      keys: evidence.keys,
      decide: decideRecorded,
      embedded: evidence.store.kind === 'embedded',
    })
    page.says('auditor', 'countersign audit verify')
    for (const line of formatVerification(seen, { color: false }).split('\n')) page.says('', line)
    return seen.exit === 0
  } finally {
    await evidence.close()
  }
}

/** Leaves `bundle` and `notary.pub` in the folder, over those of an earlier demo; whether the bundle verifies with that key. */
export const leaveEvidence = async (
  { config }: Setting,
  folder: string,
  page: Page,
): Promise<boolean> => {
  const into = resolve(folder)
  const bundle = join(into, 'bundle')
  const key = join(into, 'notary.pub')
  await mkdir(into, { recursive: true })
  for (const file of [bundle, key]) await rm(file, { force: true })
  await copyFile(join(notaryFolder(config.state), 'notary.pub'), key)
  const evidence = await openEvidence(config)
  try {
    const sink = fileSink(bundle)
    await exportLog(config, evidence, {
      payloads: 'clear',
      reason: 'the demo leaves its evidence',
      write: sink.write,
    })
    await sink.close()
  } finally {
    await evidence.close()
  }
  const seen = await verifyFile(bundle, { key: [key] })
  page.says('auditor', `countersign audit verify ${bundle} --key ${key}`)
  for (const line of formatBundleVerification(seen).split('\n')) page.says('', line)
  return seen.exit === 0
}

/** `audit verify`, as the command does it. */
import { formatVerification } from '../../audit/format.ts'
import { verifyStore } from '../../audit/verify.ts'
import { openEvidence } from '../../serve/evidence.ts'
import type { Page } from './page.ts'
import type { Setting } from './setting.ts'

export const verifyNow = async ({ config }: Setting, page: Page): Promise<boolean> => {
  const evidence = await openEvidence(config)
  try {
    const seen = await verifyStore({
      pool: evidence.store.pool,
      log: config.log.name,
      keys: evidence.keys,
      embedded: evidence.store.kind === 'embedded',
    })
    page.says('auditor', 'countersign audit verify')
    for (const line of formatVerification(seen, { color: false }).split('\n')) page.says('', line)
    return seen.exit === 0
  } finally {
    await evidence.close()
  }
}

/** The SSH tools and what they tell of a host. */
import type { Family, SshTarget, Tool } from '../../types.ts'
import { Pool } from './pool.ts'
import { sshReadFile } from './read-file.ts'
import { sshRun } from './run.ts'
import { sshWriteFile } from './write-file.ts'

export interface SshFamily {
  readonly family: Family<SshTarget, null>
  readonly tools: readonly Tool[]
}

/** One pool of connections under all three tools; `family.close()` ends it. */
export const sshFamily = (): SshFamily => {
  const pool = new Pool()
  const tools = [sshRun(pool), sshReadFile(pool), sshWriteFile(pool)]
  return {
    family: {
      kind: 'ssh',
      // The key that the host proved to have, and the account: an approval holds for no other.
      identify: (session) =>
        pool.use(session, async ({ hostKey }) => `ssh:${hostKey}/${session.target.user}`),
      describe: async () => null,
      close: () => pool.close(),
    },
    // The gateway validates input by each tool's own schema before it calls it, so the narrower types hold.
    tools: tools as unknown as readonly Tool[],
  }
}

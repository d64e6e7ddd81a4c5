/** A connection of the eraser: another login than the gateway's, which may append and not erase. */
import pg from 'pg'
import { GateError } from '../errors.ts'
import { connectionOf, withClient } from './connect.ts'
import { openHome } from './embedded/home.ts'
import { ownerConnection } from './embedded/run.ts'

/** The embedded store's database. */
const DATABASE = 'countersign'

/**
 * Runs `work` as the eraser; `url` is of a member of countersign_eraser. Without it the embedded store of the state
 * folder is meant, which runs. Throws CONFIG_INVALID when the login may not erase.
 */
export const asEraser = async <T>(
  by: { readonly url?: string; readonly state: string },
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const name = 'countersign erase'
  const connection =
    by.url === undefined
      ? ownerConnection(await openHome(by.state), DATABASE, name)
      : connectionOf(by.url, name)
  return withClient(connection, async (client) => {
    try {
      await client.query('set role countersign_eraser')
    } catch (cause) {
      if (!(cause instanceof pg.DatabaseError)) throw cause
      throw new GateError(
        'CONFIG_INVALID',
        'This login may not erase. As the owner: create role eraser login in role countersign_eraser',
        { cause },
      )
    }
    return work(client)
  })
}

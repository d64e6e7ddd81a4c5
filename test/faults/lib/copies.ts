/** Copies of a log's database, so that each attack on it begins with the same log. */
import pg from 'pg'
import { type Verification, verifyStore } from '../../../src/audit/verify/verify.ts'
import { keyBytes, openKeyWrap } from '../../../src/vault/key-wrap.ts'
import type { Cluster } from './cluster.ts'
import { keyText, logName } from './gateway.ts'

const urlOf = (cluster: Pick<Cluster, 'url'>, database: string): string => {
  const url = new URL(cluster.url)
  url.pathname = `/${database}`
  return url.href
}

/** Copies the log, on which nobody may be connected any more (connections are ended), lets `attack` at it as a superuser whom no trigger stops, and verifies. */
export const attacked = async (
  cluster: Pick<Cluster, 'url'>,
  name: string,
  attack: (client: pg.Client) => Promise<unknown>,
): Promise<Verification> => {
  const root = new pg.Client({ connectionString: urlOf(cluster, 'postgres') })
  await root.connect()
  try {
    await root.query(
      "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'log'",
    )
    await root.query(`create database ${name} template log`)
    const client = new pg.Client({ connectionString: urlOf(cluster, name) })
    await client.connect()
    await client.query('set session_replication_role = replica')
    await attack(client).finally(() => client.end())
    const pool = new pg.Pool({ connectionString: urlOf(cluster, name), max: 4 })
    // The database is dropped from under connections that have just been told to end.
    pool.on('error', () => undefined)
    const keys = openKeyWrap(keyBytes(keyText('vault.key'), 'test'))
    const found = await verifyStore({ pool, log: logName, keys }).finally(() => pool.end())
    await root.query(`drop database ${name} with (force)`)
    return found
  } finally {
    await root.end()
  }
}

import { expect, test } from 'vitest'
import { testDatabase } from '../support/postgres.ts'

test('each test database is fresh, real, and gone when dropped', async () => {
  const one = await testDatabase()
  const two = await testDatabase()
  await one.admin.query('create table t (i int)')
  await expect(two.admin.query('select * from t')).rejects.toMatchObject({ code: '42P01' })
  const version = await two.admin.query<{ v: string }>("select current_setting('server_version') v")
  expect(version.rows[0]?.v.split('.')[0]).toBe(process.env.COUNTERSIGN_TEST_POSTGRES ?? '18')
  await two.drop()
  const left = await one.admin.query('select 1 from pg_database where datname = $1', [two.name])
  expect(left.rowCount).toBe(0)
  await one.drop()
})

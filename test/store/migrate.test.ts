import { expect, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { testDatabase } from '../support/postgres.ts'

test('migrating twice, and five at once, ends in one current schema', async () => {
  const database = await testDatabase()
  const runs = await Promise.all(Array.from({ length: 5 }, () => migrate(database.url)))
  expect(runs.filter(({ changed }) => changed)).toHaveLength(1)
  expect((await migrate(database.url)).changed).toBe(false)
  await database.drop()
})

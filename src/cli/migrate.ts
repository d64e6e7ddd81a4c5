/** `countersign migrate --url OWNER`: schema, roles and grants of the store. */
import type { Command } from 'commander'
import { migrate } from '../store/migrate.ts'
import { globalsOf, print, Usage } from './common.ts'

export const register = (program: Command): void => {
  program
    .command('migrate')
    .description("create or update the store's schema, roles and grants, as its owner")
    .option(
      '--url <url>',
      'postgres:// of the owner; else COUNTERSIGN_OWNER_URL, which does not show in the process list',
    )
    .action(async (options: { url?: string }, command: Command) => {
      const url = options.url ?? process.env.COUNTERSIGN_OWNER_URL
      if (url === undefined || url === '')
        throw new Usage(
          'Whose database? --url postgres://owner@host/database, or COUNTERSIGN_OWNER_URL.',
        )
      const migrated = await migrate(url)
      print(
        globalsOf(command),
        { ...migrated },
        `The store's schema is current.\nThe gateway logs in as a member of countersign_writer: create role gateway login password '..' in role countersign_writer`,
      )
    })
}

import { defineConfig } from 'drizzle-kit'

// `npm run migrations -- --name what_changed` writes the next file from the rooms' schemas; views and functions are
// written by hand (`--custom`), roles and grants are migrations/grants.sql, which every migration applies again.
export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/store/schema.ts',
    './src/audit/schema.ts',
    './src/approvals/schema.ts',
    './src/vault/schema.ts',
  ],
  out: './migrations',
})

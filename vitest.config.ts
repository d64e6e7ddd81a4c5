import { defineConfig } from 'vitest/config'

// Two projects: `unit` needs nothing but Node (its PostgreSQL is the embedded one); `live` starts real servers.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // A machine that is shared stalls now and then; a test that fails twice is no stall.
          retry: process.env.CI ? 1 : 0,
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**', 'test/faults/**'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          globalSetup: ['test/support/global-postgres.ts'],
          pool: 'forks',
          maxWorkers: 2,
          execArgv: ['--no-turbo-inline-js-wasm-calls'],
        },
      },
      {
        test: {
          name: 'live',
          retry: process.env.CI ? 1 : 0,
          include: ['test/live/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 900_000,
          pool: 'forks',
          maxWorkers: 1,
          execArgv: ['--no-turbo-inline-js-wasm-calls'],
        },
      },
    ],
  },
})

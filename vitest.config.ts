import { defineConfig } from 'vitest/config'

// Tests that need shells run with the live ones.
const shells = ['test/shell/fuzz.test.ts', 'test/shell/shells.test.ts']

// Three projects: `unit` needs nothing but Node (its PostgreSQL is the embedded one); `live` starts real servers and shells;
// `verifier` is the tests of bundles once more, with the verifier in Python asked too. `npm run test:live` runs the last two.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // A machine that is shared stalls now and then; a test that fails twice is no stall.
          retry: process.env.CI ? 1 : 0,
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**', 'test/faults/**', ...shells],
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
          include: ['test/live/**/*.test.ts', ...shells],
          testTimeout: 180_000,
          hookTimeout: 900_000,
          pool: 'forks',
          maxWorkers: 1,
          execArgv: ['--no-turbo-inline-js-wasm-calls'],
        },
      },
      {
        test: {
          name: 'verifier',
          retry: process.env.CI ? 1 : 0,
          include: ['test/bundle/*.test.ts', 'test/retention/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          globalSetup: ['test/support/global-postgres.ts'],
          pool: 'forks',
          maxWorkers: 1,
          env: { COUNTERSIGN_SECOND_VERIFIER: 'python3' },
          execArgv: ['--no-turbo-inline-js-wasm-calls'],
        },
      },
    ],
  },
})

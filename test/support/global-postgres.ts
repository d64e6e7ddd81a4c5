/** One throw-away PostgreSQL cluster for a run of vitest; `testDatabase()` makes databases on it. */
import type { TestProject } from 'vitest/node'
import { startThrowaway } from '../../src/store/embedded/throwaway.ts'
import { postgresPackage } from './postgres-package.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `postgres://` of the superuser on loopback. */
    postgresUrl: string
    /** Folder of its unix socket. */
    postgresSocket: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // A gateway refuses a store that may lose what it acknowledged, so this one does not.
  const major = process.env.COUNTERSIGN_TEST_POSTGRES
  const cluster = await startThrowaway({ fsync: 'on' }, major ? postgresPackage(major) : undefined)
  project.provide('postgresUrl', cluster.url)
  project.provide('postgresSocket', cluster.socketFolder)
  return cluster.stop
}

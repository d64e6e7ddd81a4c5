/** The only file that knows everybody: a configuration becomes a running gateway. Each step is a file in `serve/`. */
import type { Config } from './config/types.ts'
import { openStateFolder } from './identity/state-folder.ts'
import { closer } from './serve/closer.ts'
import { openDoors } from './serve/doors.ts'
import { storeUrl } from './serve/evidence.ts'
import { openGround } from './serve/ground.ts'
import { openLogger } from './serve/logger.ts'
import { keepMemoryOutOfCores } from './serve/memory.ts'
import { openPath } from './serve/path.ts'
import { openRecording } from './serve/recording.ts'
import { openRules } from './serve/rules.ts'
import { drainMs, type Served, type ServeOptions, type Start } from './serve/start.ts'
import { open as openStore } from './store/open.ts'
import { takeEnvironment } from './vault/refs.ts'

export type { Served } from './serve/start.ts'

/** Starts a gateway. Throws CONFIG_INVALID (what to change) or AUDIT_UNAVAILABLE; then nothing is left running. */
export const serve = async (config: Config, options: ServeOptions): Promise<Served> => {
  const { logger, setMask } = openLogger(
    options.logLevel ?? process.env.COUNTERSIGN_LOG_LEVEL ?? 'info',
  )
  // The last to open is the first to close.
  const closing = closer((error) => logger.error({ err: error }, 'closing'))
  const stop = (): Promise<void> => closing.close()
  const failed = (error: unknown): void => logger.error({ err: error }, 'failed')
  const start: Start = { config, options, logger, setMask, closing, failed }
  try {
    keepMemoryOutOfCores((message) => logger.warn(message))
    for (const warning of config.warnings) logger.warn(warning)
    if (config.identity.local)
      logger.warn(
        'A local principal is configured: this is for trying things out. Agents of this user reach the gateway without a sign-in.',
      )

    const ground = await openGround(start)
    const recording = await openRecording(start, ground)
    const rules = await openRules(start, ground, recording)
    const path = openPath(start, ground, recording, rules)
    const doors = await openDoors(start, ground, recording, rules, path, () => void stop())
    // First of all: what runs ends and is answered before any door shuts.
    closing.add(() => path.gateway.drain(drainMs))

    recording.log.fenced.then((why) => {
      logger.fatal({ why }, 'another gateway owns this stream: stopping at once')
      void stop()
    })
    logger.info(
      {
        url: doors.url,
        version: options.version,
        store: ground.store.kind,
        targets: config.targets.length,
      },
      'serving',
    )
    return { ...doors, storeFolder: ground.store.folder, close: stop, closed: closing.closed }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

/** Prepares the embedded store (or checks the one at the URL) and stops it again. */
export const prepare = async (config: Config): Promise<void> => {
  const { logger } = openLogger('warn')
  await openStateFolder(config.state)
  const env = takeEnvironment([], process.env)
  const url = await storeUrl(config, env)
  const store = await openStore(
    { ...(url === undefined ? {} : { url }), state: config.state },
    logger,
  )
  await store.close()
}

/** A gateway whose clocks a case sets. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kit } from './fault.ts'
import type { Gateway, GatewayOptions } from './gateway.ts'
import { pause } from './wait.ts'

export interface Clocks {
  /** For the gateway that is to have them. */
  readonly options: Partial<GatewayOptions>
  /** Milliseconds that are added from now on: to the wall clock, and to the age of what is cached. */
  set(gateway: Gateway, shift: { readonly wallMs?: number; readonly ageMs?: number }): Promise<void>
}

export const openClocks = (kit: Pick<Kit, 'folder'>): Clocks => {
  const file = join(kit.folder, 'clock')
  const put = (shift: object): void => writeFileSync(file, JSON.stringify(shift))
  put({})
  const preload = fileURLToPath(new URL('./failpoints/clock.js', import.meta.url))
  return {
    options: { nodeArgs: ['--import', preload], env: { FAULTS_CLOCK: file } },
    async set(gateway, shift) {
      put(shift)
      gateway.signal('SIGUSR2')
      // What is only believed while it is fresh (pauses) is looked at anew every second.
      await pause(1_500)
    },
  }
}

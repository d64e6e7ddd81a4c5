/** Where the configuration lies: named, or in the user's configuration folder, never in a workspace. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Environment } from './types.ts'

/** The user's configuration folder for us: XDG on Linux, Application Support on macOS, APPDATA on Windows. */
export const configFolder = (
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string => {
  if (platform === 'win32')
    return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'countersign')
  const xdg = env.XDG_CONFIG_HOME ?? ''
  // The XDG specification: relative paths are invalid and ignored.
  if (isAbsolute(xdg)) return join(xdg, 'countersign')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'countersign')
  return join(home, '.config', 'countersign')
}

/** Absolute path of the configuration file: `--config`, else COUNTERSIGN_CONFIG, else the default. */
export const configPath = (named: string | undefined, env: Environment): string => {
  const chosen = named ?? env.COUNTERSIGN_CONFIG ?? ''
  return chosen === '' ? join(configFolder(env), 'countersign.yaml') : resolve(chosen)
}

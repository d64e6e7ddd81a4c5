/** What to paste into each MCP client's configuration. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configPath } from '../config/location.ts'
import type { Config } from '../config/types.ts'

export interface ClientEntry {
  readonly client: string
  readonly how: string
}

const program = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))

/** The command that starts this very program with this configuration, wherever the client runs it. */
export const stdioCommand = (file: string): readonly string[] => [
  process.execPath,
  program,
  ...(file === configPath(undefined, {}) ? [] : ['--config', file]),
  'stdio',
]

const json = (value: unknown): string => JSON.stringify(value, undefined, 2)
const shell = (words: readonly string[]): string =>
  words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')

export const entriesFor = (config: Config): readonly ClientEntry[] => {
  const [command = '', ...args] = stdioCommand(config.file)
  const line = shell([command, ...args])
  const url = `${config.server.publicUrl}/mcp`
  const byUrl = config.server.loopback
    ? `URL ${url} with the header "Authorization: Bearer <the text of ${join(config.state, 'local.token')}>" (written at the first start)`
    : `URL ${url}; the client finds by itself where to sign in`
  return [
    { client: 'Claude Code', how: `  claude mcp add --scope user countersign -- ${line}` },
    { client: 'Codex', how: `  codex mcp add countersign -- ${line}` },
    {
      client:
        'Cursor (~/.cursor/mcp.json), Gemini CLI (~/.gemini/settings.json), Claude Desktop (claude_desktop_config.json)',
      how: json({ mcpServers: { countersign: { command, args } } }),
    },
    {
      client: 'VS Code (MCP: Open User Configuration)',
      how: json({ servers: { countersign: { type: 'stdio', command, args } } }),
    },
    { client: 'Anything that speaks HTTP', how: `  ${byUrl}` },
  ]
}

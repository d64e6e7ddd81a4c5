/** `countersign demo`: an agent's session that is allowed, masked, blocked, held and approved; then the log, verified. */
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { GateError } from '../errors.ts'
import { globalsOf, inColour } from './common.ts'
import { leaveEvidence } from './demo/evidence.ts'
import { openPage, type Page } from './demo/page.ts'
import { openSetting, type Setting } from './demo/setting.ts'
import { type Told, tell } from './demo/story.ts'

export const register = (program: Command): void => {
  program
    .command('demo')
    .description(
      "an agent's session on a throw-away shop: allowed, masked, blocked, held, approved, verified",
    )
    .option('--once', 'end when the story is told')
    .option('--evidence <folder>', 'leave a bundle of the log and the key that verifies it')
    .option(
      '--kubeconfig <file>',
      'play on the cluster of this kubeconfig too; nothing is changed there',
    )
    .action(
      async (
        options: { once?: boolean; evidence?: string; kubeconfig?: string },
        command: Command,
      ) => {
        const { json } = globalsOf(command)
        const write = json ? undefined : (line: string) => void process.stdout.write(`${line}\n`)
        const page = openPage(write, inColour())
        const startedAt = performance.now()
        const setting = await openSetting(page.progress, options.kubeconfig)
        try {
          const told = await tell(setting, page)
          const left =
            options.evidence === undefined || (await leaveEvidence(setting, options.evidence, page))
          if (json)
            process.stdout.write(
              `${JSON.stringify({ demo: 'ok', ...told, url: `${setting.gateway.url}/mcp`, token_file: setting.gateway.tokenFile ?? '' })}\n`,
            )
          else ending(setting, page, told, { once: options.once === true, startedAt })
          if (!told.verified || !left) throw new GateError('INTERNAL', 'The log did not verify.')
          if (options.once !== true) await untilTold()
        } finally {
          await setting.close()
        }
      },
    )
}

const untilTold = (): Promise<void> =>
  new Promise((stop) => {
    // A listener keeps nothing alive; the gateway's own doors do.
    process.once('SIGINT', () => stop())
    process.once('SIGTERM', () => stop())
    // Nobody reads what it says: `| head`.
    process.stdout.once('error', () => stop())
    if (!process.stdout.writable) stop()
  })

const tryIt = (setting: Setting, page: Page): void => {
  const file = setting.config.file
  const bin = resolve(dirname(fileURLToPath(import.meta.url)), '../../bin/countersign.js')
  page.step('Try it yourself')
  page.line(`  The gateway: ${setting.gateway.url}/mcp`)
  page.line(`  Claude Code:  claude mcp add countersign -- node ${bin} stdio --config ${file}`)
  page.line('  Any client with an mcp.json:')
  const entry = {
    mcpServers: { countersign: { command: 'node', args: [bin, 'stdio', '--config', file] } },
  }
  for (const text of JSON.stringify(entry, null, 2).split('\n')) page.line(`    ${text}`)
  page.line(`  The configuration behind it:        ${file}`)
  page.line(`  Approve as bo with the passphrase:  ${setting.approver.passphrase}`)
}

/** `once`: the demo goes away with its last line, and there is nothing left to try. */
const ending = (
  setting: Setting,
  page: Page,
  told: Told,
  { once, startedAt }: { readonly once: boolean; readonly startedAt: number },
): void => {
  if (!once) tryIt(setting, page)
  page.line()
  page.line(
    `  allowed ${told.allowed}, masked ${told.masked} values, blocked ${told.blocked}, held ${told.held}, log verified: ${told.verified ? 'yes' : 'NO'}; ${Math.round((performance.now() - startedAt) / 1_000)} s`,
  )
  if (!once) page.line('  Ctrl-C ends it.')
}

/** `countersign`: one file a command, read only when it is asked for. */
import { Command, CommanderError } from 'commander'
import { exitCodes, report, Usage } from './common.ts'
import { version } from './version.ts'

interface CommandFile {
  register(program: Command): void
}

const load: Readonly<Record<string, () => Promise<CommandFile>>> = {
  init: () => import('./init.ts'),
  serve: () => import('./serve.ts'),
  stdio: () => import('./stdio.ts'),
  pause: () => import('./pause.ts'),
  check: () => import('./check.ts'),
  policy: () => import('./policy.ts'),
  approvals: () => import('./approvals.ts'),
  secrets: () => import('./secrets.ts'),
  audit: () => import('./audit.ts'),
  replay: () => import('./replay.ts'),
  migrate: () => import('./migrate.ts'),
  demo: () => import('./demo.ts'),
  notary: () => import('./notary.ts'),
}
/** Commands that live in the file of another, and files that add to a command. */
const alias: Readonly<Record<string, string>> = { resume: 'pause' }
const more: Readonly<Record<string, readonly (() => Promise<CommandFile>)[]>> = {
  approvals: [() => import('./hash.ts')],
  audit: [
    () => import('./rebase.ts'),
    () => import('./audit-export.ts'),
    () => import('./audit-erase.ts'),
  ],
}

const isCommanderError = (thrown: unknown): thrown is CommanderError =>
  thrown instanceof CommanderError

/** The first word that is no option and no option's value; undefined when it names no command. */
const commandIn = (words: readonly string[]): string | undefined => {
  const at = words.findIndex(
    (word, place) => !word.startsWith('-') && words[place - 1] !== '--config',
  )
  const word = words[at]
  return word !== undefined && Object.hasOwn(load, alias[word] ?? word) ? word : undefined
}

/** Runs `argv` as of a process; sets `process.exitCode`: 0 fine, 1 not so, 2 failed, 64 usage. */
export const main = async (argv: readonly string[]): Promise<void> => {
  const program = new Command('countersign')
    .description(
      'An MCP server between AI agents and production: every call identified, decided, approved, masked, recorded.',
    )
    .version(version)
    .option(
      '--config <file>',
      "configuration file (else COUNTERSIGN_CONFIG, else the user's configuration folder)",
    )
    .option('--json', 'answer in JSON')
    .showHelpAfterError('(countersign --help shows how)')
    .exitOverride()
  // A reader that has gone (`| head`) is no failure to speak of; commands that go on for long end by themselves.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = report(error, false)
  })
  const named = commandIn(argv.slice(2))
  const wanted = named === undefined ? Object.keys(load) : [alias[named] ?? named]
  for (const name of wanted) {
    for (const file of [load[name], ...(more[name] ?? [])]) (await file?.())?.register(program)
  }
  try {
    if (argv.length <= 2) program.help({ error: true })
    await program.parseAsync([...argv])
  } catch (thrown) {
    // commander has already written what is wrong; help and version that were asked for are no errors.
    const asJson = argv.includes('--json')
    if (!isCommanderError(thrown)) process.exitCode = report(thrown, asJson)
    else if (thrown.exitCode === 0) process.exitCode = exitCodes.fine
    else {
      process.exitCode = exitCodes.usage
      if (asJson && thrown.code !== 'commander.help')
        report(new Usage(thrown.message.replace(/^error: /, '')), true)
    }
  }
}

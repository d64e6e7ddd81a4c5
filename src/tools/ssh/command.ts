/** What is sent to the host's login shell: one program, its environment chosen by us, its script as we parsed it. */
import { GateError } from '../../errors.ts'
import type { SshTarget } from '../../types.ts'

/** Longer arguments are refused by Linux (MAX_ARG_STRLEN is 128 KiB). */
const longest = 120_000

/** In single quotes for POSIX shells, fish and csh; what one of them would still read is written as `printf %b` writes it. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const octal = (text: string): string =>
  text.replace(/[\\!\n]/g, (c) => `\\0${c.charCodeAt(0).toString(8).padStart(3, '0')}`)

/** The words of a command as a shell's text. */
const words = (argv: readonly string[]): string => argv.map(quote).join(' ')

export interface Asked {
  readonly command?: string | undefined
  readonly argv?: readonly string[] | undefined
  readonly cwd?: string | undefined
  readonly stdin?: string | undefined
}

/** The script that runs on the host: the text itself, or the words quoted, from the folder that was asked for. */
export const scriptOf = (asked: Asked): string => {
  const body = asked.argv ? `exec ${words(asked.argv)}` : (asked.command ?? '')
  return asked.cwd === undefined ? body : `cd -- ${quote(asked.cwd)} || exit 126\n${body}`
}

/** What `env` takes for a program and its words, and every login shell for plain text. */
const handable = (argv: readonly string[]): boolean =>
  !/^-|=/.test(argv[0] ?? '-') && argv.every((word) => octal(word) === word)

/** The program behind `env`: the words themselves where they are known and need no shell, else the shell with its script. */
const programOf = (
  target: SshTarget,
  asked: Asked,
  known: readonly string[] | undefined,
): string => {
  const argv = asked.argv ?? known
  if (argv && asked.cwd === undefined && handable(argv)) return words(argv)
  const script = scriptOf(asked)
  const shell = target.shell === 'bash' ? '/bin/bash --noprofile --norc' : '/bin/sh'
  const encoded = octal(script)
  return encoded === script
    ? `${shell} -c ${quote(script)}`
    : `${shell} -c 'eval "shift;$(printf %b "$1")"' sh ${quote(encoded)}`
}

/**
 * The line for the login shell. `known` are the words of a script that is nothing but a program and its words. Throws
 * INPUT_REFUSED when it is too long.
 */
export const lineOf = (target: SshTarget, asked: Asked, known?: readonly string[]): string => {
  if (target.forcedCommand) {
    if (asked.cwd !== undefined)
      throw new GateError(
        'INPUT_REFUSED',
        `${target.name} runs a command of its own, so that cwd has no meaning.`,
      )
    return asked.argv ? words(asked.argv) : (asked.command ?? '')
  }
  const environment = [
    `HOME=${target.home ?? ''}`,
    `PATH=${target.path}`,
    `USER=${target.user}`,
    `LOGNAME=${target.user}`,
    'LANG=C.UTF-8',
  ]
  // The account's home is known to its login shell only: $HOME in double quotes is read alike by all of them.
  const set = environment.map((e) => (e === 'HOME=' ? 'HOME="$HOME"' : quote(e))).join(' ')
  // Stdin is closed on the host and not by us: to a channel whose stdin we ended, some hosts deliver no signals.
  const empty = asked.stdin === undefined ? ' </dev/null' : ''
  const line = `exec /usr/bin/env -i ${set} ${programOf(target, asked, known)}${empty}`
  if (line.length > longest)
    throw new GateError('INPUT_REFUSED', 'The command is too long to be sent.', {
      hint: 'Send long text as stdin, or write a file.',
    })
  return line
}

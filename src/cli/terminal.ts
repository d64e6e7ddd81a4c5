/** Questions on the terminal itself, never on standard input: a passphrase comes from whoever sits there, not from a pipe, argv or the environment. */
import { closeSync, openSync } from 'node:fs'
import { ReadStream, WriteStream } from 'node:tty'
import { GateError } from '../errors.ts'

const interrupt = '\u0003'
const endOfText = '\u0004'
const longest = 1024

export interface Terminal {
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>
  tell(text: string): void
  close(): void
}

/** Throws NOT_IDENTIFIED when there is no terminal. */
export const openTerminal = (): Terminal => {
  const open = (flags: string): number => {
    try {
      return openSync('/dev/tty', flags)
    } catch (cause) {
      throw new GateError(
        'NOT_IDENTIFIED',
        'A passphrase is asked on a terminal, and there is none here.',
        {
          hint: 'Run the command in a terminal, or prove yourself with --token-file.',
          cause,
        },
      )
    }
  }
  const inFd = open('r')
  const input = new ReadStream(inFd)
  const outFd = open('w')
  const output = new WriteStream(outFd)
  return {
    tell: (text) => void output.write(text),
    ask: async (question, { hidden = false } = {}) => {
      // Before the question stands there: whoever types fast must not see it echoed.
      input.setRawMode(hidden)
      output.write(question)
      try {
        return await line(input)
      } finally {
        input.setRawMode(false)
        if (hidden) output.write('\n')
      }
    },
    close: () => {
      input.destroy()
      output.destroy()
      for (const fd of [inFd, outFd])
        try {
          closeSync(fd)
        } catch {
          // Node has closed it with its stream.
        }
    },
  }
}

const line = (input: ReadStream): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const done = (finish: () => void): void => {
      input.off('data', take)
      input.pause()
      finish()
    }
    const take = (chunk: Buffer): void => {
      for (const character of chunk.toString('utf8')) {
        if (character === interrupt || character === endOfText) {
          done(() => reject(new GateError('CANCELLED', 'Cancelled.')))
          return
        }
        if (character === '\r' || character === '\n') {
          done(() => resolve(text))
          return
        }
        if (character === '\u007f' || character === '\b') text = [...text].slice(0, -1).join('')
        else if (text.length < longest) text += character
      }
    }
    input.on('data', take)
    input.resume()
  })

/** ssh_read_file: a part of a file, by SFTP. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Output, SshTarget, Tool } from '../../types.ts'
import { pathFacts } from '../shell/path-facts.ts'
import type { ShellFacts } from '../shell/types.ts'
import { checkPath, outputs, path, reason, shellOptions, target } from './inputs.ts'
import type { Pool } from './pool.ts'
import { resolveExisting } from './resolve.ts'
import { withSftp } from './sftp.ts'

/** Bytes when the call names no length. */
const usual = 32_768
const input = z.strictObject({
  target,
  path,
  offset: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  length: z.int().min(1).max(10_000_000).optional(),
  reason,
})

/** Whole characters of the middle of a UTF-8 text; undefined when it is no text. */
const wholeText = (
  bytes: Buffer,
  offset: number,
  last: boolean,
): { text: string; from: number; to: number } | undefined => {
  let from = 0
  while (offset > 0 && from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1
  const decode = (to: number): string =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(from, to))
  for (let cut = 0; cut < (last ? 1 : 4); cut += 1) {
    try {
      const text = decode(bytes.length - cut)
      return text.includes('\0') ? undefined : { text, from, to: bytes.length - cut }
    } catch {
      // A character may be cut at the end: one byte less.
    }
  }
  return undefined
}

export const sshReadFile = (pool: Pool): Tool<typeof input, ShellFacts, SshTarget> => ({
  name: 'ssh_read_file',
  title: 'Read a file on a host',
  description: 'Text of a file, 32 KiB unless length; go on at next_offset.',
  kind: 'ssh',
  input,
  output: {
    content: outputs.text,
    path: outputs.text,
    size: outputs.number,
    next_offset: outputs.number,
    sha256: outputs.text,
    binary: outputs.boolean,
    truncated: outputs.boolean,
  },
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { programs: 'strings', paths: 'strings', writes_paths: 'strings', hosts: 'strings' },
  ceiling: 'read',
  facts: async (given, look) => {
    checkPath(given.path)
    return pathFacts(given.path, 'file', shellOptions(look.target))
  },
  credential: () => 'run',
  run: (given, _facts, session) =>
    pool.use(session, (connection) =>
      withSftp(connection, session, async (sftp): Promise<Output> => {
        const real = await resolveExisting(sftp, given.path, session.target)
        const stats = await sftp.stat(real)
        if (!stats.isFile())
          throw new GateError('TARGET_FAILED', 'This is no regular file.', {
            hint: 'Use ssh_run with ls to look at folders.',
          })
        const offset = given.offset ?? 0
        const wanted = Math.min(given.length ?? usual, session.limits.bytes)
        // One byte more tells whether there is more; files of /proc say that they are empty.
        const read = await sftp.read(real, offset, wanted + 1)
        const bytes = read.subarray(0, wanted)
        const more = read.length > wanted
        const text = wholeText(bytes, offset, !more)
        const fields = { path: real, size: Math.max(stats.size, offset + bytes.length) }
        if (!text) return { kind: 'fields', fields: { ...fields, binary: true }, truncated: more }
        return {
          kind: 'fields',
          fields: {
            content: text.text,
            ...fields,
            ...(more ? { next_offset: offset + text.to } : {}),
            ...(!more && offset === 0
              ? { sha256: createHash('sha256').update(bytes).digest('hex') }
              : {}),
          },
          truncated: more,
        }
      }),
    ),
})

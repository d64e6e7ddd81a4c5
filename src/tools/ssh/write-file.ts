/** ssh_write_file: a whole file at once, by SFTP: written beside, then put in its place. */
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Fields, Output, Session, SshTarget, Tool } from '../../types.ts'
import { pathFacts } from '../shell/path-facts.ts'
import type { ShellFacts } from '../shell/types.ts'
import { diff } from './diff.ts'
import { checkPath, idempotencyKey, outputs, path, reason, shellOptions, target } from './inputs.ts'
import type { Pool } from './pool.ts'
import { resolveForWrite } from './resolve.ts'
import { type Sftp, withSftp } from './sftp.ts'

/** Larger files are not read for a diff or an expected hash. */
const mostBefore = 10_000_000
const input = z.strictObject({
  target,
  path,
  content: z.string().max(999_999),
  encoding: z.enum(['utf8', 'base64']).optional(),
  mode: z.string().max(4).optional(),
  expected_sha256: z.string().max(64).optional(),
  reason,
  idempotency_key: idempotencyKey,
})
type Input = z.output<typeof input>

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Throws INPUT_REFUSED on base64 that isn't. */
const contentOf = ({ content, encoding }: Input): Buffer => {
  if (encoding !== 'base64') return Buffer.from(content, 'utf8')
  const bytes = Buffer.from(content, 'base64')
  if (
    bytes.toString('base64').replace(/=+$/, '') !== content.replace(/\s+/g, '').replace(/=+$/, '')
  ) {
    throw new GateError('INPUT_REFUSED', 'The content is no base64.')
  }
  return bytes
}

/** Throws INPUT_REFUSED on bits beyond reading, writing and running. */
const modeOf = ({ mode }: Input): number | undefined => {
  if (mode === undefined) return undefined
  if (!/^0?[0-7]{3}$/.test(mode)) {
    throw new GateError('INPUT_REFUSED', 'The mode is three octal digits, as in 0644.')
  }
  return Number.parseInt(mode, 8)
}

interface Place {
  readonly path: string
  readonly exists: boolean
  readonly before: Buffer | undefined
  readonly mode: number | undefined
}
const look = async (sftp: Sftp, given: Input, of: SshTarget): Promise<Place> => {
  const { path: real, exists } = await resolveForWrite(sftp, given.path, of)
  if (!exists) return { path: real, exists, before: undefined, mode: undefined }
  const stats = await sftp.stat(real)
  if (!stats.isFile())
    throw new GateError('TARGET_FAILED', 'There is something that is no regular file.')
  const before = stats.size <= mostBefore ? await sftp.read(real, 0, mostBefore + 1) : undefined
  return { path: real, exists, before, mode: stats.mode & 0o777 }
}

const checkExpected = (given: Input, place: Place): void => {
  if (given.expected_sha256 === undefined) return
  if (place.before && sha256(place.before) === given.expected_sha256) return
  throw new GateError(
    'TARGET_FAILED',
    'The file is not as expected: it was changed, is not there, or is too large.',
    { hint: 'Read it again, and send its sha256.', retry: false },
  )
}

const isText = (bytes: Buffer): boolean =>
  bytes.length <= 1_000_000 &&
  !bytes.includes(0) &&
  Buffer.from(bytes.toString('utf8')).equals(bytes)

const previewOf = (content: Buffer, place: Place): Fields => ({
  path: place.path,
  exists: place.exists,
  bytes: content.length,
  sha256: sha256(content),
  ...(place.before
    ? { bytes_before: place.before.length, sha256_before: sha256(place.before) }
    : {}),
  ...(isText(content) && (!place.exists || (place.before && isText(place.before)))
    ? { diff: diff(place.before?.toString('utf8') ?? '', content.toString('utf8')) }
    : { diff: '(no text, or too large to compare)' }),
})

/** From here on the file may have changed. */
const putInPlace = async (sftp: Sftp, temporary: string, place: Place): Promise<void> => {
  try {
    await sftp.replace(temporary, place.path).catch((error: unknown) => {
      // Without posix-rename nothing can be replaced in one step, but a new file can get its name.
      if (place.exists || !(error instanceof GateError) || error.teaching.targetCode !== '8')
        throw error
      return sftp.rename(temporary, place.path)
    })
  } catch (cause) {
    if (cause instanceof GateError && cause.code === 'TARGET_FAILED') throw cause
    throw new GateError(
      'OUTCOME_UNKNOWN',
      'The connection was lost while the file was put in its place.',
      { hint: 'Read the file to see which one is there.', retry: false, cause },
    )
  }
}

const write = async (sftp: Sftp, given: Input, session: Session<SshTarget>): Promise<Output> => {
  const content = contentOf(given)
  const place = await look(sftp, given, session.target)
  checkExpected(given, place)
  const slash = place.path.lastIndexOf('/')
  const temporary = `${place.path.slice(0, slash)}/.${place.path.slice(slash + 1).slice(0, 150)}.${randomBytes(8).toString('hex')}`
  const mode = modeOf(given) ?? place.mode ?? 0o644
  try {
    await sftp.create(temporary, content, mode)
    // The host's umask may have taken bits away.
    await sftp.chmod(temporary, mode)
    await putInPlace(sftp, temporary, place)
  } catch (error) {
    await sftp.remove(temporary).catch(() => undefined)
    throw error
  }
  return {
    kind: 'fields',
    fields: {
      path: place.path,
      bytes: content.length,
      sha256: sha256(content),
      created: !place.exists,
    },
  }
}

export const sshWriteFile = (pool: Pool): Tool<typeof input, ShellFacts, SshTarget> => ({
  name: 'ssh_write_file',
  title: 'Write a file on a host',
  description: 'Replaces a file in one step.',
  kind: 'ssh',
  input,
  output: {
    path: outputs.text,
    bytes: outputs.number,
    sha256: outputs.text,
    created: outputs.boolean,
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { programs: 'strings', paths: 'strings', writes_paths: 'strings', hosts: 'strings' },
  ceiling: 'admin',
  facts: async (given, { target: of }) => {
    checkPath(given.path)
    contentOf(given)
    modeOf(given)
    return pathFacts(given.path, 'out', shellOptions(of))
  },
  credential: () => 'run',
  preview: (given, _facts, session) =>
    pool.use(session, (connection) =>
      withSftp(connection, session, async (sftp) =>
        previewOf(contentOf(given), await look(sftp, given, session.target)),
      ),
    ),
  run: (given, _facts, session) =>
    pool.use(session, (connection) =>
      withSftp(connection, session, (sftp) => write(sftp, given, session)),
    ),
})

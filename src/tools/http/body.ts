/** The body of an answer, unpacked and bounded on the way: in bytes, in ratio, in layers. */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Zlib,
} from 'node:zlib'
import { GateError } from '../../errors.ts'

export interface Body {
  readonly bytes: Buffer
  /** Nothing was left out. */
  readonly whole: boolean
  /** Bytes after unpacking that were seen. */
  readonly seen: number
  /** It could not be unpacked, or not within bounds. */
  readonly bad?: 'packing' | 'bomb'
}
export interface Bounds {
  /** Bytes after unpacking that are kept. */
  readonly cap: number
  /** Read on behind the cap, so that the other side can finish: a write's answer. */
  readonly drain: boolean
}

const mostLayers = 2
const mostDrained = 16 * 1024 ** 2
/** Text and JSON come at 3 to 30 to one. */
const bombRatio = 200
const bombBytes = 1024 ** 2

/** First byte of a usual zlib frame (RFC 1950). */
const zlibFrame = 0x78

class BadPacking extends Error {}

const layersOf = (header: string | undefined): readonly string[] =>
  (header ?? '')
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '' && one !== 'identity')

const unpacker = (layer: string, first: number | undefined): Transform & Zlib => {
  switch (layer) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'br':
      return createBrotliDecompress()
    case 'deflate':
      // Some servers send it without the zlib frame that RFC 9110 asks for.
      return first !== undefined && (first & 0x0f) === 8 ? createInflate() : createInflateRaw()
    default:
      throw new BadPacking('unknown coding')
  }
}

/** Reads on without keeping, until the end or the bound. */
const drained = (response: IncomingMessage): Promise<void> =>
  new Promise((done) => {
    let seen = 0
    response.on('data', (chunk: Buffer) => {
      seen += chunk.length
      if (seen > mostDrained) done()
    })
    response.once('end', done)
    response.once('error', () => done())
    response.once('close', done)
    response.resume()
  })

/** `packed`: bytes that unpacking has taken in so far, not what has arrived and waits. */
const collect = async (
  from: AsyncIterable<Buffer>,
  cap: number,
  packed: () => number,
): Promise<Body> => {
  const pieces: Buffer[] = []
  let seen = 0
  for await (const piece of from) {
    seen += piece.length
    pieces.push(piece)
    const bomb = packed() > 0 && seen > bombBytes && seen / packed() > bombRatio
    if (bomb || seen > cap)
      return {
        bytes: bomb ? Buffer.alloc(0) : Buffer.concat(pieces).subarray(0, cap),
        whole: false,
        seen,
        ...(bomb ? { bad: 'bomb' } : {}),
      }
  }
  return { bytes: Buffer.concat(pieces), whole: true, seen }
}

/** Rejects with what ended the connection, and with `Stopped`; what a drained answer lost is told by `whole`. */
export const readBody = async (
  response: IncomingMessage,
  { cap, drain }: Bounds,
): Promise<Body> => {
  const layers = layersOf(response.headers['content-encoding'])
  const body =
    layers.length === 0 ? await plain(response, cap, drain) : await unpacked(response, layers, cap)
  // What is left is of no use to us, but a write's other side may want to get rid of it.
  if (!body.whole && drain && body.bad === undefined && !response.destroyed) await drained(response)
  return body
}

/** By events, since most answers are small and an iterator costs more than they do. */
const plain = (response: IncomingMessage, cap: number, drain: boolean): Promise<Body> =>
  new Promise((done, failed) => {
    const pieces: Buffer[] = []
    let seen = 0
    response.on('error', failed)
    response.once('close', () => failed(new Error('the answer was broken off')))
    response.once('end', () => done({ bytes: Buffer.concat(pieces), whole: true, seen }))
    const take = (piece: Buffer): void => {
      seen += piece.length
      pieces.push(piece)
      if (seen <= cap) return
      response.off('data', take)
      if (!drain) response.destroy()
      done({ bytes: Buffer.concat(pieces).subarray(0, cap), whole: false, seen })
    }
    response.on('data', take)
  })

const unpacked = async (
  response: IncomingMessage,
  layers: readonly string[],
  cap: number,
): Promise<Body> => {
  const bad: Body = { bytes: Buffer.alloc(0), whole: false, seen: 0, bad: 'packing' }
  if (layers.length > mostLayers) return bad
  const first = await firstByte(response)
  if (first === undefined) return { bytes: Buffer.alloc(0), whole: true, seen: 0 }
  let lost: unknown
  try {
    const chain = layers
      .toReversed()
      .map((layer, at) => unpacker(layer, at === 0 ? first : zlibFrame))
    let end: NodeJS.ReadableStream = response
    const head = chain[0]
    response.once('error', (error) => {
      lost = error
      head?.destroy(error)
    })
    for (const [at, step] of chain.entries()) {
      const next = chain[at + 1]
      step.once('error', (error) => next?.destroy(error))
      end = end.pipe(step)
    }
    return await collect(
      end as AsyncIterable<Buffer> & NodeJS.ReadableStream,
      cap,
      () => head?.bytesWritten ?? 0,
    )
  } catch (cause) {
    if (lost !== undefined) throw lost
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (cause instanceof BadPacking || /^(Z_|ERR_BROTLI|ERR__ERROR|ERR_ZLIB|ERR_)/.test(code))
      return bad
    throw cause
  }
}

/** The first byte, left where it is. */
const firstByte = (response: IncomingMessage): Promise<number | undefined> =>
  new Promise((done, failed) => {
    const settle = (): void => {
      response.off('readable', look)
      response.off('end', ended)
      response.off('error', failed)
    }
    const look = (): void => {
      const chunk: Buffer | null = response.read()
      if (chunk === null) return
      settle()
      response.unshift(chunk)
      done(chunk[0])
    }
    const ended = (): void => {
      settle()
      done(undefined)
    }
    response.on('readable', look)
    response.once('end', ended)
    response.once('error', failed)
  })

/** The error for a read whose answer can't be unpacked. */
export const unpackable = (target: string, bad: 'packing' | 'bomb'): GateError =>
  bad === 'bomb'
    ? new GateError(
        'OUTPUT_WITHHELD',
        `The answer of ${target} unpacks to far more than it is; it was not read.`,
        {
          retry: false,
          hint: 'Ask for less.',
        },
      )
    : new GateError('TARGET_FAILED', `The answer of ${target} could not be unpacked.`, {
        retry: false,
      })

/**
 * User certificates (OpenSSH PROTOCOL.certkeys), which ssh2 1.17 does not know: the certificate goes in as the public
 * key, the private key signs, and the signature's own algorithm name, which ssh2 would write as the certificate's, is
 * put right in the packet before it is encrypted.
 */
import ssh2 from 'ssh2'
import { GateError } from '../../errors.ts'

/** What ssh2's parsed keys have and its types don't all say. */
interface SigningKey {
  readonly type: string
  getPublicSSH(): Buffer
  sign(data: Buffer, hash?: string): Buffer | Error
}
export interface Certified {
  /** Given to ssh2 as a key. */
  readonly key: SigningKey
  /** Name of the certificate's algorithm on the wire, and the one of its signatures. */
  readonly certified: string
  readonly plain: string
}
const bad = (cause?: unknown): GateError =>
  new GateError(
    'TARGET_FAILED',
    'The credential of this target does not hold a certificate that fits its key.',
    { cause },
  )

const names: Readonly<Record<string, { certified: string; plain: string; hash?: string }>> = {
  'ssh-ed25519-cert-v01@openssh.com': {
    certified: 'ssh-ed25519-cert-v01@openssh.com',
    plain: 'ssh-ed25519',
  },
  'ssh-rsa-cert-v01@openssh.com': {
    certified: 'rsa-sha2-512-cert-v01@openssh.com',
    plain: 'rsa-sha2-512',
    hash: 'sha512',
  },
  'ecdsa-sha2-nistp256-cert-v01@openssh.com': {
    certified: 'ecdsa-sha2-nistp256-cert-v01@openssh.com',
    plain: 'ecdsa-sha2-nistp256',
  },
  'ecdsa-sha2-nistp384-cert-v01@openssh.com': {
    certified: 'ecdsa-sha2-nistp384-cert-v01@openssh.com',
    plain: 'ecdsa-sha2-nistp384',
  },
  'ecdsa-sha2-nistp521-cert-v01@openssh.com': {
    certified: 'ecdsa-sha2-nistp521-cert-v01@openssh.com',
    plain: 'ecdsa-sha2-nistp521',
  },
}

/** `SEQUENCE { INTEGER r, INTEGER s }` as two SSH mpints; signatures that are no DER stay as they are. */
const mpints = (der: Buffer): Buffer => {
  if (der[0] !== 0x30) return der
  let at = (der[1] ?? 0) > 0x80 ? 3 : 2
  const parts: Buffer[] = []
  for (let n = 0; n < 2; n += 1) {
    const length = der[at + 1] ?? 0
    const head = Buffer.alloc(4)
    head.writeUInt32BE(length)
    parts.push(head, der.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return Buffer.concat(parts)
}

/** A key for ssh2 out of a private key and the line of its `-cert.pub`. Throws TARGET_FAILED when they don't fit. */
export const certify = (
  privateKey: string,
  passphrase: string | undefined,
  certificate: string,
): Certified => {
  const parsed: unknown = ssh2.utils.parseKey(privateKey, passphrase)
  const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed
  if (first instanceof Error || typeof first !== 'object' || first === null) throw bad(first)
  // ssh2's parseKey gives this shape (lib/protocol/keyParser.js); its types leave `type` out in places.
  const inner = first as SigningKey
  const [kind = '', blob = ''] = certificate.trim().split(/\s+/)
  const name = Object.hasOwn(names, kind) ? names[kind] : undefined
  const bytes = Buffer.from(blob, 'base64')
  const head = bytes.length > 4 ? bytes.toString('latin1', 4, 4 + bytes.readUInt32BE(0)) : ''
  if (!name || head !== kind || kind !== `${inner.type}-cert-v01@openssh.com`) throw bad()
  // The prototype carries ssh2's private marks, so that it takes the copy for a parsed key.
  const key = Object.create(inner, {
    type: { value: name.certified },
    getPublicSSH: { value: () => bytes },
    sign: {
      value: (data: Buffer): Buffer | Error => {
        const made = inner.sign(data, name.hash)
        return made instanceof Error || !name.plain.startsWith('ecdsa') ? made : mpints(made)
      },
    },
  }) as SigningKey
  return { key, certified: name.certified, plain: name.plain }
}

/** The part of ssh2's inside that writes packets (lib/protocol/zlib.js, PacketWriter). */
interface PacketWriter {
  allocStart: number
  alloc(size: number): Buffer
  finalize(packet: Buffer): Buffer
}
const writerOf = (client: unknown): PacketWriter | undefined =>
  (client as { _protocol?: { _packetRW?: { write?: PacketWriter } } })._protocol?._packetRW?.write

const userauthRequest = 50
const textAt = (b: Buffer, at: number): { text: string; end: number } => {
  const end = at + 4 + b.readUInt32BE(at)
  return { text: b.toString('latin1', at + 4, end), end }
}

/** The same packet with the signature named by its own algorithm; undefined when it is no signed request. */
const renamed = (payload: Buffer, certified: Certified): Buffer | undefined => {
  if (payload[0] !== userauthRequest) return undefined
  const method = textAt(payload, textAt(payload, textAt(payload, 1).end).end)
  if (method.text !== 'publickey' || payload[method.end] !== 1) return undefined
  const algorithm = textAt(payload, method.end + 1)
  if (algorithm.text !== certified.certified) return undefined
  const keyEnd = textAt(payload, algorithm.end).end
  const signature = payload.subarray(textAt(payload, keyEnd + 4).end)
  const name = Buffer.from(certified.plain, 'latin1')
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32BE(4 + name.length + signature.length, 0)
  lengths.writeUInt32BE(name.length, 4)
  return Buffer.concat([payload.subarray(0, keyEnd), lengths, name, signature])
}

/** To be called when keys are agreed and before the request is sent. Throws TARGET_FAILED on an ssh2 that it doesn't know. */
export const nameSignatures = (client: unknown, certified: Certified): void => {
  const writer = writerOf(client)
  if (
    typeof writer?.finalize !== 'function' ||
    typeof writer.alloc !== 'function' ||
    writer.allocStart !== 5
  ) {
    throw new GateError(
      'TARGET_FAILED',
      'This gateway cannot use certificates with its version of the SSH library.',
    )
  }
  const finalize = writer.finalize.bind(writer)
  writer.finalize = (packet) => {
    const head = writer.allocStart
    const length = packet.readUInt32BE(0) - 1 - (packet[4] ?? 0)
    const payload = renamed(Buffer.from(packet.subarray(head, head + length)), certified)
    if (!payload) return finalize(packet)
    const changed = writer.alloc(payload.length)
    changed.set(payload, head)
    return finalize(changed)
  }
}

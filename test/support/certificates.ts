/** Throw-away authorities and certificates (X.509 v3, P-256, RFC 5280), made without any program but Node, for tests only. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Issued {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS #8. */
  readonly key: string
}
export interface Authority extends Issued {
  issue(name: string, use?: { readonly dns?: readonly string[]; readonly client?: true }): Issued
}

const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(contents)
  const { length } = body
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), body])
}
const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents)
const bitString = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes)
const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes)
/** Arcs below 128 only are one byte each; the two that are not are written out. */
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
const extension = (id: string, value: Buffer): Buffer =>
  sequence(oid(id), der(0x01, Buffer.of(0xff)), octets(value))

const hourMs = 3_600_000

const certificate = (of: {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly issuer: string
  readonly by: KeyObject
  readonly extensions: readonly Buffer[]
}): string => {
  const { by, extensions, issuer, publicKey, subject } = of
  const now = Date.now()
  const serial = Buffer.concat([Buffer.of(1), randomBytes(8)])
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(time(now - hourMs), time(now + 48 * hourMs)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const text = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, by)))
    .toString('base64')
    .replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const isAuthority = extension('551d13', sequence(der(0x01, Buffer.of(0xff))))
const names = (dns: readonly string[]): Buffer =>
  extension('551d11', sequence(...dns.map((name) => der(0x82, Buffer.from(name)))))
const forClients = extension('551d25', sequence(oid('2b06010505070302')))

export const authority = (name: string): Authority => {
  const own = pair()
  return {
    key: pem(own.privateKey),
    cert: certificate({
      subject: name,
      publicKey: own.publicKey,
      issuer: name,
      by: own.privateKey,
      extensions: [isAuthority],
    }),
    issue(subject, { client, dns } = {}) {
      const { privateKey, publicKey } = pair()
      const extensions = [...(dns ? [names(dns)] : []), ...(client ? [forClients] : [])]
      return {
        key: pem(privateKey),
        cert: certificate({ subject, publicKey, issuer: name, by: own.privateKey, extensions }),
      }
    },
  }
}

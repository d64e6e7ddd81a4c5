/** Which addresses a target may have: the public internet, and what its configuration names. */
import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'

export interface Answer {
  readonly address: string
  readonly family: number
}
/** Every address of a name. A port, so that tests can answer differently each time. */
export type Resolve = (host: string) => Promise<readonly Answer[]>

/** The system's resolver, hosts file included. */
export const systemResolve: Resolve = (host) => lookup(host, { all: true })

// What clouds tell their machines by: credentials of the machine itself. Azure's lies in a public range. A range that
// happens to hold one of them (fd00::/8) does not name it: only the address alone does.
const metadata = new Set(
  [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
  ].map((text) => ipaddr.parse(text).toNormalizedString()),
)

type Address = ReturnType<typeof ipaddr.parse>

const namedIn = (address: Address, ranges: readonly string[]): boolean => {
  const alone = metadata.has(address.toNormalizedString())
  return ranges.some((text) => {
    const [range, bits] = ipaddr.parseCIDR(text)
    if (range.kind() !== address.kind()) return false
    if (alone && bits !== (address.kind() === 'ipv4' ? 32 : 128)) return false
    return address.match(range, bits)
  })
}

const within = (range: string): ((address: ipaddr.IPv6) => boolean) => {
  const cidr = ipaddr.IPv6.parseCIDR(range)
  return (address) => address.match(cidr)
}
// Where IPv6 holds an IPv4 address to which a translator or tunnel passes it on: RFC 6052, RFC 8215, RFC 2765, RFC 4291
// (compatible), RFC 3056 (6to4), RFC 4380 (Teredo, whose bits are turned over).
const holders: readonly (readonly [(address: ipaddr.IPv6) => boolean, number, number])[] = [
  [within('64:ff9b::/96'), 12, 0],
  [within('64:ff9b:1::/48'), 12, 0],
  [within('::ffff:0:0:0/96'), 12, 0],
  [within('::/96'), 12, 0],
  [within('2002::/16'), 2, 0],
  [within('2001::/32'), 12, 0xff],
]
const translated = (address: Address): Address | undefined => {
  if (!(address instanceof ipaddr.IPv6) || /^::1?$/.test(address.toString())) return undefined
  const [, from, turned] = holders.find(([holds]) => holds(address)) ?? []
  if (from === undefined || turned === undefined) return undefined
  const bytes = address.toByteArray().slice(from, from + 4)
  return new ipaddr.IPv4(bytes.map((byte) => byte ^ turned))
}

const globalUnicast = ipaddr.parseCIDR('2000::/3')

/**
 * Whether a connection may go to this address: it is public, or `ranges` (CIDR) name it. Addresses that hold another
 * one (v4-mapped, NAT64, 6to4, Teredo) are never public; named ones are judged by what they hold, too.
 */
export const mayConnect = (text: string, ranges: readonly string[]): boolean => {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.parse(text)
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress())
    return namedIn(address.toIPv4Address(), ranges)
  if (namedIn(address, ranges)) {
    const inner = translated(address)
    return inner === undefined || mayConnect(inner.toString(), ranges)
  }
  if (metadata.has(address.toNormalizedString()) || address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || address.match(globalUnicast)
}

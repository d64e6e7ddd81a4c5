/** Who may speak to the listener at all: the names it is known by, and no page of another site (DNS rebinding, threat 16). */
import type { IncomingMessage } from 'node:http'

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])

export const isLoopbackHost = (hostname: string): boolean => loopbackNames.has(hostname)

const isLoopbackAddress = (address: string | undefined): boolean =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')

export type Guarded = 'fine' | 'host' | 'origin'

/** How often a header stands in the request. */
export const timesOf = ({ rawHeaders }: IncomingMessage, header: string): number =>
  rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === header).length

/** `port` is where the listener really listens. Names: publicUrl's, and those of loopback when it listens there. */
export const listenerGuard = (by: {
  readonly publicUrl: string
  readonly listensOnLoopback: boolean
  readonly port: () => number
}): ((request: IncomingMessage) => Guarded) => {
  const own = new URL(by.publicUrl)
  const isOurs = (url: URL): boolean =>
    url.hostname === own.hostname || (by.listensOnLoopback && isLoopbackHost(url.hostname))
  const isOurOrigin = (url: URL): boolean =>
    url.origin === own.origin ||
    (by.listensOnLoopback &&
      isLoopbackHost(url.hostname) &&
      url.protocol === 'http:' &&
      url.port === String(by.port()))
  return (request) => {
    const { headers } = request
    const host = parse(`http://${headers.host ?? ''}`)
    if (
      timesOf(request, 'host') !== 1 ||
      host === undefined ||
      host.pathname !== '/' ||
      !isOurs(host)
    )
      return 'host'
    if (headers.origin === undefined) return 'fine'
    const origin = parse(headers.origin)
    return origin !== undefined && isOurOrigin(origin) ? 'fine' : 'origin'
  }
}

const parse = (text: string): URL | undefined => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.username + url.password + url.search + url.hash === '' ? url : undefined
}

// What proxies say of whom they speak for.
const relayed = /^(?:forwarded|via|x-forwarded.*|x-real-ip|true-client-ip|cf-connecting-ip)$/

/** Straight from this machine: a proxy on it would make the whole world look like loopback. */
export const isDirectLoopback = ({ headers, socket }: IncomingMessage): boolean =>
  isLoopbackAddress(socket.remoteAddress) &&
  !Object.keys(headers).some((name) => relayed.test(name))

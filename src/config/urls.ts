/** Which addresses are this machine's own. */

/** Whether a host (of a URL or of `listen`) is loopback: localhost, 127.0.0.0/8, ::1. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host === '[::1]' ||
  host === '::1' ||
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** Host without brackets, and port. */
export const splitListen = (listen: string): { readonly host: string; readonly port: number } => {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

/** `[::1]` for addresses of IPv6. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)

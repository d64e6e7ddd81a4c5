/** AWS Signature Version 4 of a request (docs: "Create a signed AWS API request"), as S3 and what speaks like it want it. */
import { createHmac, hash } from 'node:crypto'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface Unsent {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()

/** RFC 3986: everything but unreserved characters. */
export const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const queryOf = (url: URL): string =>
  [...url.searchParams]
    .map(([key, value]) => `${uriEncode(key)}=${uriEncode(value)}`)
    .sort()
    .join('&')

/** The headers to send; the path of `url` is encoded as it is to go out. `at`: now. */
export const signed = (
  { body, headers, method, url }: Unsent,
  { accessKeyId, secretAccessKey, sessionToken }: S3Credentials,
  region: string,
  at: Date,
): Record<string, string> => {
  const stamp = at.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = stamp.slice(0, 8)
  const payload = hash('sha256', body, 'hex')
  const all: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]),
    ),
    host: url.host,
    'x-amz-content-sha256': payload,
    'x-amz-date': stamp,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const keys = Object.keys(all).sort()
  const canonical = [
    method,
    url.pathname,
    queryOf(url),
    ...keys.map((key) => `${key}:${(all[key] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    keys.join(';'),
    payload,
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', stamp, scope, hash('sha256', canonical, 'hex')].join('\n')
  const key = ['s3', 'aws4_request'].reduce(
    (before, part) => hmac(before, part),
    hmac(hmac(`AWS4${secretAccessKey}`, day), region),
  )
  const { host: _, ...sent } = all
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${keys.join(';')}, Signature=${hmac(key, text).toString('hex')}`,
  }
}

/** Anchors in S3-compatible storage with object lock: nobody, not its owner either, removes or changes one before its time. */
import { hash } from 'node:crypto'
import { AnchorFault, type AnchorPlace } from './anchor.ts'
import { type S3Credentials, signed, uriEncode } from './sigv4.ts'

export interface S3Anchor {
  readonly bucket: string
  /** `https://s3.eu-central-1.amazonaws.com`, without a path. */
  readonly endpoint: string
  readonly region: string
  /** Before each object's name; '' or ending in a slash. */
  readonly prefix: string
  readonly retainDays: number
  readonly credentials: () => Promise<S3Credentials>
}

const answerMs = 10_000
const mostBytes = 64 * 1024
const dayMs = 86_400_000

const md5 = (text: string): string => hash('md5', text, 'base64')

/** An S3 error's code, never its text: `AccessDenied`, `NoSuchBucket`. */
const codeIn = (body: string): string => /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body)?.[1] ?? ''

export const s3Anchor = (to: S3Anchor): AnchorPlace => {
  const name = `s3:${to.bucket}/${to.prefix}`
  const urlOf = (file: string, version?: string): URL => {
    const key = `${to.prefix}${file}`.split('/').map(uriEncode).join('/')
    const url = new URL(`${to.endpoint.replace(/\/+$/, '')}/${uriEncode(to.bucket)}/${key}`)
    if (version !== undefined) url.searchParams.set('versionId', version)
    return url
  }
  const send = async (
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ) => {
    const request = { method, url, headers, body }
    const response = await fetch(url, {
      method,
      headers: signed(request, await to.credentials(), to.region, new Date()),
      ...(method === 'PUT' ? { body } : {}),
      redirect: 'error',
      signal: AbortSignal.timeout(answerMs),
    })
    const length = Number(response.headers.get('content-length') ?? 0)
    if (length > mostBytes) throw new AnchorFault(`${name} answers more than a note can be.`)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  type Reply = Awaited<ReturnType<typeof send>>
  const unexpected = (what: string, { status, text }: Reply): AnchorFault =>
    new AnchorFault(`${name} answered ${status} ${codeIn(text)} to ${what}.`)

  const requireLocked = (file: string, { headers }: Reply, until: Date): void => {
    const mode = headers.get('x-amz-object-lock-mode')
    const kept = Date.parse(headers.get('x-amz-object-lock-retain-until-date') ?? '')
    // Servers round to seconds.
    if (mode === 'COMPLIANCE' && kept >= until.getTime() - 60_000) return
    throw new AnchorFault(
      `${name} does not lock ${file}: the bucket needs object lock, and these credentials the right to see it.`,
    )
  }

  return {
    name,
    async get(file) {
      const reply = await send('GET', urlOf(file))
      if (reply.status === 404 && codeIn(reply.text) !== 'NoSuchBucket') return undefined
      if (reply.status !== 200) throw unexpected('reading', reply)
      return reply.text
    },
    async put(file, note) {
      const until = new Date(Date.now() + to.retainDays * dayMs)
      const headers = {
        'content-type': 'text/plain; charset=utf-8',
        'content-md5': md5(note),
        'if-none-match': '*',
        'x-amz-object-lock-mode': 'COMPLIANCE',
        'x-amz-object-lock-retain-until-date': `${until.toISOString().slice(0, 19)}Z`,
      }
      const put = await send('PUT', urlOf(file), headers, note)
      // 412: it is there already, from a try whose answer was lost; or something else is.
      if (put.status !== 200 && put.status !== 412) throw unexpected('writing', put)
      const version = put.headers.get('x-amz-version-id') ?? undefined
      const back = await send('GET', urlOf(file, version))
      if (back.status !== 200) throw unexpected('reading back', back)
      if (back.text !== note)
        throw new AnchorFault(`${name} holds something else than the checkpoint under ${file}.`)
      if (put.status === 200) requireLocked(file, back, until)
    },
  }
}

/** An answer as the agent may see it: status, some headers, and a body that is JSON, text, or withheld. */
import type { IncomingMessage } from 'node:http'
import type { Fields, Json, Output } from '../../types.ts'
import type { Body } from './body.ts'
import { answerHeaders, bounded, locationOf } from './headers.ts'
import { type Cut, cutText, fitted, readJson } from './json.ts'
import { type parseSelect, selected, shapeOf } from './select.ts'

export interface Shape {
  /** Bytes of body that are given back. */
  readonly most: number
  readonly select: ReturnType<typeof parseSelect> | undefined
  readonly url: URL
  /** Values that must not be shown. */
  readonly known: readonly string[]
}

const essenceOf = (type: string | undefined): string =>
  (type ?? '').split(';')[0]?.trim().toLowerCase().slice(0, 100) ?? ''
const charsetOf = (type: string | undefined): string =>
  /;\s*charset\s*=\s*"?([\w.:+-]{1,40})/i.exec(type ?? '')?.[1] ?? 'utf-8'

/** JSON is worth reading whole, since it is cut by its parts. */
export const isJsonType = (type: string | undefined): boolean =>
  /^(?:application|text)\/(?:[\w.+-]+\+)?json$/.test(essenceOf(type))

/** The text, or undefined for what is none. Of a body that was cut, half a character at the end is left out. */
const textOf = (body: Body, type: string | undefined): string | undefined => {
  let decoder: InstanceType<typeof TextDecoder>
  try {
    decoder = new TextDecoder(charsetOf(type), { fatal: true })
  } catch {
    return undefined
  }
  try {
    const text = decoder.decode(body.bytes, { stream: !body.whole })
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

interface Shown {
  readonly fields: Fields
  readonly truncated: boolean
}

const shownJson = (given: Json, { most, select }: Shape, size: number): Shown => {
  const value = select === undefined ? given : selected(given, select)
  if (value === undefined)
    return {
      fields: { body: null, note: `select leads to nothing: the body is ${shapeOf(given)}.` },
      truncated: false,
    }
  if (select === undefined && size <= most) return { fields: { body: value }, truncated: false }
  const { value: fit, cuts } = fitted(value, most)
  return {
    fields: { body: fit, ...(cuts.length === 0 ? {} : { cut: cuts.map(cutFields), note: tip }) },
    truncated: cuts.length > 0,
  }
}
const cutFields = ({ path, kept, of, what }: Cut): Json => ({ path, kept, of, what })
const tip = 'select gives the rest, such as items[20:40] or items[*].id.'

const shownBody = (body: Body, type: string | undefined, shape: Shape): Shown => {
  if (body.bad !== undefined)
    return {
      fields: {
        withheld:
          body.bad === 'bomb' ? 'it unpacks to far more than it is' : 'it could not be unpacked',
        bytes: body.seen,
      },
      truncated: true,
    }
  if (body.bytes.length === 0) return { fields: {}, truncated: !body.whole }
  const text = textOf(body, type)
  if (text === undefined)
    return {
      fields: { withheld: `binary, ${essenceOf(type) || 'of no type'}`, bytes: body.seen },
      truncated: !body.whole,
    }
  const json =
    body.whole && (isJsonType(type) || /^\s*[[{]/.test(text)) ? readJson(text) : undefined
  if (json !== undefined) return shownJson(json, shape, body.bytes.length)
  const kept = cutText(text, shape.most)
  const cut = kept.length < text.length || !body.whole
  return {
    fields: {
      body: kept,
      ...(cut ? { bytes: body.seen } : {}),
      ...(shape.select === undefined
        ? {}
        : { note: 'select works on JSON only; this is not JSON.' }),
    },
    truncated: cut,
  }
}

const redirect = (response: IncomingMessage, from: URL): Readonly<Record<string, string>> => {
  const { location } = response.headers
  if (location === undefined) return {}
  return { location: bounded(locationOf(location, from)?.href ?? '[not a URL]') }
}

export const outputOf = (response: IncomingMessage, body: Body, shape: Shape): Output => {
  const type = response.headers['content-type']
  const { fields, truncated } = shownBody(body, type, shape)
  return {
    kind: 'fields',
    fields: {
      http_status: response.statusCode ?? 0,
      headers: {
        ...(type === undefined ? {} : { 'content-type': bounded(type) }),
        ...answerHeaders(response.headers),
        ...redirect(response, shape.url),
      },
      ...fields,
    },
    truncated,
    known: shape.known,
  }
}

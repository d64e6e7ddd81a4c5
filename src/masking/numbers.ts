/** Numbers with a checksum or a fixed form: payment cards, IBANs, US social security numbers. */
import { alphanumeric, isIn, wideGap } from './charsets.ts'
import type { Finding } from './finding.ts'

/** Runs of digits with at most one blank or dash between two runs, also those that typesetting knows and eyes don't see. */
const chains = new RegExp(`\\d+(?:(?:[ -]|${wideGap.source})\\d+)*`, 'g')
const cardWords = /(?:card|pan|visa|master|amex|credit|debit|cc)[\w .:"'=#-]{0,24}$/i

export const cards = (text: string): readonly Finding[] => {
  const found: Finding[] = []
  for (const chain of text.matchAll(chains)) {
    if (chain[0].length >= 13) found.push(...cardsIn(text, chain[0], chain.index))
  }
  return found
}

interface Group {
  readonly start: number
  readonly text: string
}

const cardsIn = (text: string, chain: string, offset: number): readonly Finding[] => {
  const found: Finding[] = []
  const groups: Group[] = [...chain.matchAll(/\d+/g)].map((group) => ({
    start: offset + group.index,
    text: group[0],
  }))
  for (let first = 0; first < groups.length; first++) {
    let digits = ''
    for (let last = first; last < groups.length && last < first + 6; last++) {
      const group = groups[last]
      digits += group?.text ?? ''
      if (digits.length > 19) break
      if (digits.length < 13) continue
      const start = groups[first]?.start ?? 0
      const end = (group?.start ?? 0) + (group?.text.length ?? 0)
      const sizes = groups.slice(first, last + 1).map((one) => one.text.length)
      if (isCard(digits, sizes, text, start, end)) {
        found.push({ start, end, type: 'card' })
        first = last
        break
      }
    }
  }
  return found
}

const forms = new Set([
  '4,4,4,4',
  '4,4,4,4,3',
  '4,4,4,4,2',
  '4,4,4,4,1',
  '4,6,5',
  '4,6,4',
  '4,4,4,1',
  '6,10',
  '6,13',
  '8,8',
  '4,4,4,3',
  '4,4,4,2',
  '4,4,5',
  '4,5,6',
  '4,4,7',
]) // prettier-ignore

const isCard = (
  digits: string,
  sizes: readonly number[],
  text: string,
  start: number,
  end: number,
): boolean => {
  if (!luhn(digits) || /^(\d)\1*$/.test(digits)) return false
  if ((start > 0 && partOfMore(text, start - 1, start - 2)) || partOfMore(text, end, end + 1))
    return false
  const named = cardWords.test(text.slice(Math.max(0, start - 32), start))
  if (sizes.length > 1 && !forms.has(sizes.join(','))) return named && isIssued(digits, true)
  return isIssued(digits, named)
}

/** Letters beside a number make it an id; a dot and another digit make it a fraction or a version. */
const partOfMore = (text: string, at: number, beyond: number): boolean =>
  isIn(alphanumeric, text, at) || (text[at] === '.' && /\d/.test(text[beyond] ?? ''))

/** Ranges that issuers use. Lengths that are rare there (13, 19) are taken for ids unless the text names a card. */
const isIssued = (digits: string, named: boolean): boolean => {
  const length = digits.length
  const four = Number(digits.slice(0, 4))
  const two = Math.floor(four / 100)
  if (two === 34 || two === 37) return length === 15
  if (two >= 51 && two <= 55) return length === 16
  if (four >= 2221 && four <= 2720) return length === 16
  if (digits.startsWith('4')) return length === 16 || (named && (length === 13 || length === 19))
  if (four === 6011 || two === 65 || (four >= 6440 && four <= 6499))
    return length === 16 || (named && length > 16)
  if (two === 62 || two === 81) return length === 16 || (named && length > 16)
  if (four >= 3528 && four <= 3589) return length === 16 || (named && length > 16)
  if (two === 36 || two === 38 || two === 39 || (four >= 3000 && four <= 3059) || four === 3095)
    return length === 14 || (named && length === 16)
  if (two === 50 || (two >= 56 && two <= 58) || two === 60 || two === 63 || two === 67)
    return length === 16 || named
  return named && length >= 15
}

/** ISO/IEC 7812-1 annex B. */
const luhn = (digits: string): boolean => {
  let sum = 0
  for (let at = digits.length - 1, double = false; at >= 0; at--, double = !double) {
    const digit = digits.charCodeAt(at) - 48
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

/** Lengths by country (SWIFT's IBAN registry). */
const ibanLengths: Readonly<Record<string, number>> = Object.fromEntries(
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 DZ26 AO25 BJ28 BF28 CM27 CV25 CF27 TD27 KM27 CG27 CI28 GA27 GQ27 GW25 IR26 MG27 ML28 MA28 MZ25 NE28 SN28 TG28'
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
const ibanStarts = /[A-Za-z]{2}\d{2}/g
const ibanMost = 34

export const ibans = (text: string): readonly Finding[] => {
  const found: Finding[] = []
  ibanStarts.lastIndex = 0
  for (let start = ibanStarts.exec(text); start !== null; start = ibanStarts.exec(text)) {
    const end = ibanEnd(text, start.index)
    if (end === undefined) ibanStarts.lastIndex = start.index + 1
    else {
      found.push({ start: start.index, end, type: 'iban' })
      ibanStarts.lastIndex = end
    }
  }
  return found
}

const ibanEnd = (text: string, start: number): number | undefined => {
  if (start > 0 && isIn(alphanumeric, text, start - 1)) return undefined
  const length = ibanLengths[text.slice(start, start + 2).toUpperCase()]
  if (length === undefined) return undefined
  const codes: number[] = []
  let at = start
  for (; at < text.length && codes.length < length && at < start + 2 * ibanMost; at++) {
    const code = text.charCodeAt(at)
    if (isIn(alphanumeric, text, at)) codes.push(code)
    else if ((code !== 32 && code !== 45) || !isIn(alphanumeric, text, at + 1)) return undefined
  }
  if (codes.length < length || isIn(alphanumeric, text, at)) return undefined
  return mod97(codes) ? at : undefined
}

/** ISO 7064 MOD 97-10: the first four characters go to the end, letters count 10 to 35. */
const mod97 = (codes: readonly number[]): boolean => {
  let rest = 0
  for (let index = 0; index < codes.length; index++) {
    const code = codes[(index + 4) % codes.length] ?? 0
    const value = code < 58 ? code - 48 : (code | 32) - 87
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

const ssnForm = /\d{3}-\d{2}-\d{4}/g

/** `ddd-dd-dddd` that the administration could have given out (no 000, 666 or 9xx, no 00, no 0000). */
export const socialSecurityNumbers = (text: string): readonly Finding[] =>
  [...text.matchAll(ssnForm)].flatMap((match) => {
    const [area = '', group = '', serial = ''] = match[0].split('-')
    const end = match.index + match[0].length
    const issued =
      area !== '000' && area !== '666' && area[0] !== '9' && group !== '00' && serial !== '0000'
    const alone = !besideNumber(text, match.index - 1) && !besideNumber(text, end)
    return issued && alone ? [{ start: match.index, end, type: 'ssn' }] : []
  })

const besideNumber = (text: string, at: number): boolean =>
  isIn(alphanumeric, text, at) || text[at] === '-'

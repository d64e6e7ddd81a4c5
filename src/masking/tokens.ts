/** Tokens with a form of their own: a prefix, then a run of characters from a set. */
import {
  alphanumeric,
  type Charset,
  charset,
  digits,
  hexDigits,
  isIn,
  runEnd,
  tokenCharacters,
} from './charsets.ts'
import type { Finding } from './finding.ts'

export interface TokenRule {
  readonly type: string
  /** Compared exactly, whatever the case that the automaton found. */
  readonly prefix: string
  readonly set: Charset
  /** Characters after the prefix. */
  readonly least: number
  readonly most?: number
  /** May directly follow a letter or digit. */
  readonly anywhere?: boolean
}

const dotted = charset('A-Za-z0-9_.-')
const base64 = charset('A-Za-z0-9+/=_-')
const upper = charset('A-Z0-9')

const rule = (
  type: string,
  set: Charset,
  least: number,
  prefixes: string,
  most?: number,
): TokenRule[] =>
  prefixes
    .split(' ')
    .map((prefix) => ({ type, prefix, set, least, ...(most === undefined ? {} : { most }) }))

export const tokenRules: readonly TokenRule[] = [
  ...rule('aws_key', upper, 16, 'AKIA ASIA ABIA ACCA', 16),
  ...rule('aws_session', base64, 60, 'FwoGZXIvYXdz IQoJb3JpZ2lu FQoGZXIvYXdz'),
  ...rule('aws_bedrock', base64, 40, 'ABSKQmVkcm9ja0FQSUtleS'),
  ...rule('github_token', alphanumeric, 36, 'ghp_ gho_ ghu_ ghs_ ghr_'),
  ...rule('github_token', tokenCharacters, 22, 'github_pat_'),
  ...rule(
    'gitlab_token',
    dotted,
    16,
    'glpat- gldt- glrt- glptt- glcbt- glsoat- glft- glimt- glagent- gloas- glffct- glrtr- GR1348941',
  ),
  ...rule(
    'slack_token',
    tokenCharacters,
    10,
    'xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxc- xoxd- xoxe. xapp-',
  ),
  ...rule(
    'slack_webhook',
    charset('A-Za-z0-9/_-'),
    20,
    'hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/',
  ),
  ...rule('stripe_key', alphanumeric, 10, 'sk_live_ sk_test_ rk_live_ rk_test_ whsec_ sk_org_'),
  ...rule('google_key', tokenCharacters, 35, 'AIza'),
  ...rule('google_token', dotted, 20, 'GOCSPX- ya29. 1//0'),
  ...rule('npm_token', alphanumeric, 36, 'npm_'),
  ...rule('pypi_token', tokenCharacters, 50, 'pypi-AgE'),
  ...rule('ai_key', tokenCharacters, 20, 'sk- gsk_ xai- pplx- hf_ r8_'),
  ...rule('azure_key', base64, 40, 'AccountKey= SharedAccessKey= SharedSecretValue='),
  ...rule('sendgrid_key', dotted, 32, 'SG.'),
  ...rule('vault_token', dotted, 20, 'hvs. hvb. hvr.'),
  ...rule('docker_token', tokenCharacters, 20, 'dckr_pat_ dckr_oat_'),
  ...rule('digitalocean_token', hexDigits, 40, 'dop_v1_ doo_v1_ dor_v1_'),
  ...rule('shopify_token', hexDigits, 32, 'shpat_ shpca_ shppa_ shpss_'),
  ...rule('databricks_token', hexDigits, 32, 'dapi'),
  ...rule('grafana_token', base64, 20, 'glsa_ glc_'),
  ...rule('atlassian_token', base64, 40, 'ATATT3 ATCTT3 ATBB'),
  ...rule(
    'vendor_token',
    base64,
    20,
    'lin_api_ ntn_ PMAK- sntrys_ sntryu_ figd_ NRAK- HRKU- rubygems_ pscale_tkn_ pscale_pw_ sbp_ sb_secret_ dp.st. dp.pt. atlasv1. sq0atp- sq0csp- FlyV1 key- pul- EZAK phc_ ops_eyJ tskey- vcp_ EAAC',
  ),
  ...rule('age_key', upper, 50, 'AGE-SECRET-KEY-1'),
  ...rule('ssh_key', base64, 60, 'b3BlbnNzaC1rZXktdjE'),
] // prettier-ignore

/** The token that starts at `at`, where the automaton found the rule's prefix. */
export const tokenAt = (
  text: string,
  at: number,
  { type, prefix, set, least, most }: TokenRule,
): Finding | undefined => {
  if (!text.startsWith(prefix, at) || (at > 0 && isIn(alphanumeric, text, at - 1))) return undefined
  const from = at + prefix.length
  const end = runEnd(set, text, from)
  if (end - from < least || (most !== undefined && end - from > most)) return undefined
  return { start: at, end, type }
}

const jwtCharacters = charset('A-Za-z0-9_.=-')

/** JSON Web Tokens, signed, unsigned or encrypted: base64url of `{"`, dots between (RFC 7515 section 7.1, RFC 7516). */
export const jwtAt = (text: string, at: number): Finding | undefined => {
  if (!text.startsWith('eyJ', at) || (at > 0 && isIn(tokenCharacters, text, at - 1)))
    return undefined
  const header = runEnd(tokenCharacters, text, at)
  if (text[header] !== '.' || header < at + 10) return undefined
  const end = runEnd(jwtCharacters, text, header)
  return end - header > 10 ? { start: at, end, type: 'jwt' } : undefined
}

const begin = '-----BEGIN '
/** A PEM block with a private key, to its end or, when that is cut off, to the end of the text (RFC 7468). */
export const pemAt = (text: string, at: number): Finding | undefined => {
  if (!text.startsWith(begin, at)) return undefined
  const label = /[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y
  label.lastIndex = at + begin.length
  if (!label.test(text)) return undefined
  const ending = text.indexOf('-----END ', label.lastIndex)
  const closed = ending < 0 ? -1 : text.indexOf('-----', ending + 9)
  return { start: at, end: closed < 0 ? text.length : closed + 5, type: 'private_key' }
}

const valueCharacters = charset('A-Za-z0-9._~+/=:-')

/** `Bearer x`, `Basic x` (RFC 6750 section 2.1, RFC 7617): the scheme stays readable. */
export const schemeAt = (text: string, at: number, scheme: string): Finding | undefined => {
  if (at > 0 && isIn(alphanumeric, text, at - 1)) return undefined
  let start = at + scheme.length
  while (start < text.length && text[start] === ' ' && start < at + scheme.length + 8) start++
  const end = runEnd(valueCharacters, text, start)
  if (scheme === 'basic')
    return end - start >= 8 &&
      /^[\x20-\x7e]*:/.test(
        Buffer.from(text.slice(start, Math.min(end, start + 4096)), 'base64').toString('latin1'),
      )
      ? { start, end, type: 'authorization' }
      : undefined
  const mixed = end - start >= 20 || (end - start >= 8 && hasDigit(text, start, end))
  return mixed ? { start, end, type: 'authorization' } : undefined
}

const hasDigit = (text: string, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) if (isIn(digits, text, at)) return true
  return false
}

/** Azure application secrets: `abc8Q~` in their middle, 34 characters around it. */
export const azureSecretAt = (text: string, at: number): Finding | undefined => {
  const form = /[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{30,36}/y
  form.lastIndex = Math.max(0, at - 4)
  return form.test(text) ? { start: at - 4, end: form.lastIndex, type: 'azure_key' } : undefined
}

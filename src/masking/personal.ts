/** What a mask profile adds (`@mask("pii")`): personal data that has no checksum, told by names and by form. Every profile adds all of it. */
import { isIP } from 'node:net'
import { alphanumeric, isIn } from './charsets.ts'
import type { Finding } from './finding.ts'

const names = new Set([
  'name',
  'firstname',
  'lastname',
  'middlename',
  'givenname',
  'familyname',
  'surname',
  'fullname',
  'displayname',
  'nickname',
  'maidenname',
  'username',
  'contact',
  'contactname',
  'customername',
  'email',
  'emailaddress',
  'mail',
  'phone',
  'phonenumber',
  'telephone',
  'tel',
  'mobile',
  'mobilenumber',
  'cell',
  'fax',
  'address',
  'address1',
  'address2',
  'addressline1',
  'addressline2',
  'street',
  'streetaddress',
  'homeaddress',
  'billingaddress',
  'shippingaddress',
  'city',
  'zip',
  'zipcode',
  'postcode',
  'postalcode',
  'dob',
  'dateofbirth',
  'birthdate',
  'birthday',
  'birthplace',
  'gender',
  'sex',
  'nationality',
  'religion',
  'passport',
  'passportnumber',
  'drivinglicence',
  'driverslicense',
  'nationalid',
  'taxid',
  'taxnumber',
  'vatid',
  'nino',
  'sin',
  'iban',
  'bic',
  'accountnumber',
  'ip',
  'ipaddress',
  'remoteaddr',
  'clientip',
  'macaddress',
  'latitude',
  'longitude',
  'salary',
]) // prettier-ignore

/** Whether a column or key of this name holds personal data. */
export const isPersonalName = (name: string): boolean =>
  names.has(name.toLowerCase().replace(/[^a-z0-9]/g, ''))

/** Phone numbers as people write them, IP and MAC addresses. */
export const personalFindings = (text: string): readonly Finding[] => [
  ...matches(text, /\+\d{1,3}(?:[ ./()-]{0,2}\d){6,12}/g, 'phone'),
  ...matches(text, /\(\d{2,5}\)[ -]?\d{2,4}(?:[ ./-]\d{2,5}){0,3}/g, 'phone'),
  ...matches(text, /0\d{1,4}(?:[ ./-]\d{2,8}){1,4}/g, 'phone', (found) => digitsOf(found) >= 8),
  ...matches(text, /[2-9]\d{2}[ .-]\d{3}[ .-]\d{3,4}/g, 'phone'),
  ...matches(text, /\d{2}(?:[ ]\d{2}){3,4}/g, 'phone'),
  ...matches(text, /\d{1,3}(?:\.\d{1,3}){3}/g, 'ip', (found) => isIP(found) === 4),
  ...matches(
    text,
    /[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}/g,
    'ip',
    (found) => isIP(found) === 6,
  ),
  ...matches(text, /[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}/g, 'mac'),
]

const digitsOf = (text: string): number => text.replace(/\D/g, '').length

const matches = (
  text: string,
  form: RegExp,
  type: string,
  holds: (found: string) => boolean = () => true,
): readonly Finding[] =>
  [...text.matchAll(form)].flatMap((match) => {
    const [found] = match
    const end = match.index + found.length
    return isAlone(text, match.index, end) && holds(found)
      ? [{ start: match.index, end, type }]
      : []
  })

const isAlone = (text: string, start: number, end: number): boolean => {
  const beside = (at: number, beyond: number): boolean =>
    isIn(alphanumeric, text, at) ||
    ((text[at] === '.' || text[at] === '-') && /\d/.test(text[beyond] ?? ''))
  return !(start > 0 && beside(start - 1, start - 2)) && !beside(end, end + 1)
}

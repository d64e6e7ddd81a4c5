/** Names that say "what I hold is secret", at any entropy: columns, keys, headers, variables. */

/** A name that ends with one of these, its separators left out, is one. */
const endings = [
  'password',
  'passwords',
  'passwd',
  'passwrd',
  'passphrase',
  'passcode',
  'pwd',
  'pgpass',
  'secret',
  'secrets',
  'token',
  'tokens',
  'apikey',
  'apikeys',
  'authorization',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'privatekey',
  'accesskey',
  'secretkey',
  'accountkey',
  'signingkey',
  'encryptionkey',
  'decryptionkey',
  'masterkey',
  'sharedkey',
  'authkey',
  'sshkey',
  'hmackey',
  'sessionkey',
  'connectionstring',
  'connstr',
  'keypassword',
  'socialsecuritynumber',
  'cardnumber',
  'securitycode',
] // prettier-ignore

/** Too short to be looked for inside of other words. */
const words = new Set(['ssn', 'cvv', 'cvc', 'cvv2', 'cvc2', 'otp', 'jwt', 'bearer', 'mnemonic'])

/** Words after the secret's own that keep it one: `password_hash`, `token_v2`, `SECRET_BASE64`. */
const trailing = new Set([
  'hash',
  'hashed',
  'digest',
  'salt',
  'salted',
  'value',
  'val',
  'base64',
  'b64',
  'hex',
  'enc',
  'encoded',
  'encrypted',
  'cipher',
  'ciphertext',
  'plain',
  'plaintext',
  'clear',
  'cleartext',
  'text',
  'raw',
  'string',
  'str',
  'old',
  'new',
  'previous',
  'current',
  'prod',
  'production',
  'dev',
  'staging',
  'test',
  'live',
  'default',
  'confirm',
  'confirmation',
  'again',
  'repeat',
  'primary',
  'secondary',
  'backup',
  'md5',
  'sha1',
  'sha256',
  'bcrypt',
  'argon2',
  'data',
  'v',
]) // prettier-ignore

/** Every text in which a sensitive name occurs holds one of these: what the automaton looks for. */
export const nameStems = [
  'passw',
  'passphrase',
  'passcode',
  'pwd',
  'pgpass',
  'secret',
  'token',
  'apikey',
  'api-key',
  'api_key',
  'api.key',
  'authorization',
  'cookie',
  'credential',
  'private_key',
  'private-key',
  'privatekey',
  'private.key',
  'access_key',
  'access-key',
  'accesskey',
  'access.key',
  'account_key',
  'accountkey',
  'account-key',
  'signing_key',
  'signing-key',
  'signingkey',
  'encryption_key',
  'encryption-key',
  'encryptionkey',
  'encryption.key',
  'master_key',
  'master-key',
  'masterkey',
  'shared_key',
  'shared-key',
  'sharedkey',
  'auth_key',
  'auth-key',
  'authkey',
  'ssh_key',
  'ssh-key',
  'sshkey',
  'hmac_key',
  'hmac-key',
  'hmackey',
  'session_key',
  'sessionkey',
  'session-key',
  'connection_string',
  'connectionstring',
  'connection-string',
  'conn_str',
  'connstr',
  'social_security_number',
  'socialsecuritynumber',
  'ssn',
  'cvv',
  'cvc',
  'otp',
  'jwt',
  'bearer',
  'mnemonic',
  'card_number',
  'card-number',
  'cardnumber',
  'security_code',
  'securitycode',
  'security-code',
] // prettier-ignore

const known = new Map<string, boolean>()
const knownMost = 4096

/** Whether what stands under this name is masked whatever it looks like. */
export const isSensitiveName = (name: string): boolean => {
  const before = known.get(name)
  if (before !== undefined) return before
  const found = judge(name)
  if (known.size >= knownMost) known.clear()
  known.set(name, found)
  return found
}

const judge = (name: string): boolean => {
  if (name.length > 256) return judge(name.slice(-256))
  const parts = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '')
  for (;;) {
    if (tells(parts)) return true
    if (parts.length < 2 || !isTrailing(parts.pop() ?? '')) return false
  }
}

const tells = (parts: readonly string[]): boolean => {
  const last = parts.at(-1) ?? ''
  if (words.has(last) || words.has(last.replace(/\d+$/, ''))) return true
  const joined = parts.join('')
  const stem = joined.replace(/\d+$/, '')
  return endings.some((ending) => joined.endsWith(ending) || stem.endsWith(ending))
}

const isTrailing = (part: string): boolean => trailing.has(part) || /^v?\d+$/.test(part)

/** Keys under a telling name that name a thing and are no secret: `secretKeyRef: { name, key }`. */
export const references: ReadonlySet<string> = new Set([
  'name',
  'key',
  'namespace',
  'kind',
  'apiVersion',
  'optional',
  'path',
  'mode',
  'defaultMode',
  'secretName',
  'type',
  'items',
]) // prettier-ignore

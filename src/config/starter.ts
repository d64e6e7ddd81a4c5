/** What `countersign init` writes: a configuration that works as it is, with every further step as a comment. */

export interface StarterOptions {
  /** Who sits at this machine: the local principal. */
  readonly subject: string
  readonly groups?: readonly string[]
  /** Default 127.0.0.1:7420. */
  readonly listen?: string
  /** Somebody who may answer held calls; `passphrase` is the hash, `scrypt:..`. */
  readonly approver?: {
    readonly subject: string
    readonly groups: readonly string[]
    readonly passphrase: string
  }
  /** A database to begin with; its credentials are files that `init` writes beside the configuration. */
  readonly postgres?: {
    readonly name: string
    readonly host: string
    readonly port: number
    readonly database: string
    readonly tls: 'disable' | 'require' | 'verify'
  }
}

/** Text of a starter configuration; valid for `loadConfig`. */
export const starterConfig = (options: StarterOptions): string => {
  const groups = options.groups ?? ['engineers']
  return [
    head(options.listen ?? '127.0.0.1:7420'),
    people(options, groups),
    credentials(options.postgres),
    targets(options.postgres),
    grants(options.postgres, groups, options.approver?.groups ?? ['approvers']),
    tail,
  ].join('\n')
}

// YAML 1.2 is a superset of JSON: this quotes any text.
const quoted = (text: string): string => JSON.stringify(text)
const list = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`

const head = (
  listen: string,
): string => `# Countersign. Check it with \`countersign check\`; unknown keys stop the start.
# Secrets are never written here: env:NAME, file:PATH (relative to this file, mode 0600) or store:KEY.

server:
  listen: ${quoted(listen)}
  # publicUrl: https://countersign.example.com   # what clients use; https:// unless it is loopback
  # budget: { callsPerMinute: 120 }              # for each caller

state: ./state          # local token, socket, embedded database

# Left out, an embedded PostgreSQL keeps the log. For a server of your own:
# store: { url: env:COUNTERSIGN_DATABASE_URL }

vault: { key: "file:./vault.key" }
masking: { tokenKey: "file:./token.key" }
`

const people = (options: StarterOptions, groups: readonly string[]): string => `identity:
  # Who calls over the local socket. For trying things out: local mode cannot tell you from your agent's shell.
  local: { subject: ${quoted(options.subject)}, groups: ${list(groups)} }
${
  options.approver === undefined
    ? `  # Who answers held calls, with a passphrase on the terminal:
  # approvers: [{ subject: bo, groups: [approvers], passphrase: "scrypt:.." }]`
    : `  # Who answers held calls, with a passphrase on the terminal.
  approvers:
    - subject: ${quoted(options.approver.subject)}
      groups: ${list(options.approver.groups)}
      passphrase: ${quoted(options.approver.passphrase)}`
}
  # For a team, tokens of an OpenID provider:
  # issuers: [{ issuer: "https://login.example.com/realms/eng", groupsClaim: groups }]
`

const credentials = (postgres: StarterOptions['postgres']): string =>
  postgres === undefined
    ? `# Each file holds {"username": "..", "password": ".."}
# credentials:
#   shop-reader: file:./secrets/shop-reader
#   shop-writer: file:./secrets/shop-writer
`
    : `# Each file holds {"username": "..", "password": ".."}
credentials:
  ${quoted(`${postgres.name}-reader`)}: ${quoted(`file:./secrets/${postgres.name}-reader`)}
  ${quoted(`${postgres.name}-writer`)}: ${quoted(`file:./secrets/${postgres.name}-writer`)}
`

const targets = (postgres: StarterOptions['postgres']): string =>
  postgres === undefined
    ? `# targets:
#   shop:
#     kind: postgres
#     labels: { env: prod }
#     host: db.example.com
#     database: shop
#     tls: verify
#     credentials: { read: shop-reader, write: shop-writer }
#     columns: { customers.ssn: redact, customers.email: token }
#     denyTables: [secrets]
`
    : `targets:
  ${quoted(postgres.name)}:
    kind: postgres
    labels: { env: dev }
    host: ${quoted(postgres.host)}
    port: ${postgres.port}
    database: ${quoted(postgres.database)}
    tls: ${postgres.tls}
    credentials: { read: ${quoted(`${postgres.name}-reader`)}, write: ${quoted(`${postgres.name}-writer`)} }
    # columns: { customers.ssn: redact, customers.email: token }
    # denyTables: [secrets]
`

const grants = (
  postgres: StarterOptions['postgres'],
  groups: readonly string[],
  approvers: readonly string[],
): string => {
  const comment = postgres === undefined ? '# ' : ''
  const target = quoted(postgres?.name ?? 'shop')
  return [
    '# Nothing is allowed that no grant allows. `countersign policy access` shows who may do what.',
    `${comment}grants:`,
    `${comment}  - { id: read, groups: ${list(groups)}, targets: [${target}], tools: [sql_query, sql_schema, sql_explain], effects: [read] }`,
    `${comment}  - { id: write, groups: ${list(groups)}, targets: [${target}], tools: [sql_execute], effects: [write], approval: { by: ${list(approvers)}, within: 15m } }`,
    '',
  ].join('\n')
}

const tail = `# Further rules in Cedar, *.cedar files in a folder:
# policies: ./policies
`

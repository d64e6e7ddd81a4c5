/** The demo's target: a shop of believable size, with personal data in the places where shops have it. */
import pg from 'pg'

/** Roles of the target: what the gateway logs in as, never what the agent sees. */
export interface ShopRoles {
  readonly reader: { readonly username: string; readonly password: string }
  readonly writer: { readonly username: string; readonly password: string }
}

export const customers = 10_000
export const orders = 100_000

const firstNames = [
  'Ada',
  'Bilal',
  'Chen',
  'Dora',
  'Emre',
  'Fatou',
  'Gita',
  'Hana',
  'Igor',
  'Jonas',
  'Kemi',
  'Lena',
  'Mateo',
  'Nadia',
  'Omar',
  'Petra',
  'Rosa',
  'Sven',
  'Tala',
  'Uma',
  'Vera',
  'Wanda',
  'Yusuf',
  'Zoe',
]
const lastNames = [
  'Abe',
  'Bauer',
  'Costa',
  'Diaz',
  'Ek',
  'Ferrari',
  'Garcia',
  'Haddad',
  'Ivanov',
  'Jansen',
  'Kim',
  'Lopez',
  'Moreau',
  'Novak',
  'Okafor',
  'Patel',
  'Rossi',
  'Sato',
  'Tan',
  'Urban',
  'Varga',
  'Wang',
  'Young',
]
const cities = [
  'Amsterdam',
  'Bergen',
  'Cairo',
  'Dakar',
  'Essen',
  'Fukuoka',
  'Graz',
  'Hanoi',
  'Izmir',
  'Jaipur',
  'Kyiv',
  'Lagos',
  'Madrid',
  'Nairobi',
  'Oslo',
  'Porto',
]

const pick = (list: readonly string[], expression: string): string =>
  `(array[${list.map((word) => `'${word}'`).join(',')}])[1 + (${expression}) % ${list.length}]`

const tables = `
  create table customers (
    id integer primary key, name text not null, email text not null, phone text, ssn text, city text, created_at timestamptz not null);
  create table orders (
    id integer primary key, customer_id integer not null references customers, status text not null, total numeric(10,2) not null,
    note text, created_at timestamptz not null);
  insert into customers
    select n, ${pick(firstNames, 'n * 7')} || ' ' || ${pick(lastNames, 'n * 13')},
      lower(${pick(firstNames, 'n * 7')}) || '.' || lower(${pick(lastNames, 'n * 13')}) || n || '@mail.example',
      '+1 555 ' || lpad((n % 1000)::text, 3, '0') || ' ' || lpad((n * 17 % 10000)::text, 4, '0'),
      lpad((100 + n % 600)::text, 3, '0') || '-' || lpad((1 + n % 98)::text, 2, '0') || '-' || lpad((1 + n * 31 % 9998)::text, 4, '0'),
      ${pick(cities, 'n * 5')}, timestamptz '2024-01-01' + n * interval '97 minutes'
    from generate_series(1, ${customers}) n;
  insert into orders
    select n, 1 + (n * 7919) % ${customers},
      (array['paid','paid','paid','shipped','shipped','delivered','delivered','delivered','refund requested','cancelled'])[1 + n * 31 % 10],
      round((5 + (n * 7907 % 49500) / 100.0)::numeric, 2),
      case n % 40 when 8 then 'customer wants the refund on card 4111 1111 1111 1111' when 18 then 'call back before delivery' end,
      timestamptz '2025-01-01' + n * interval '9 minutes'
    from generate_series(1, ${orders}) n;
  create index on orders (customer_id);
  create index on orders (status);
  analyze;`

/** Fills the empty database at `url` (a superuser's) and makes the two roles. */
export const fillShop = async (url: string, roles: ShopRoles): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(tables)
    for (const [role, rights] of [
      [roles.reader, 'select'],
      [roles.writer, 'select, insert, update, delete'],
    ] as const) {
      await client.query(
        `create role ${client.escapeIdentifier(role.username)} login password ${client.escapeLiteral(role.password)}`,
      )
      await client.query(
        `grant ${rights} on all tables in schema public to ${client.escapeIdentifier(role.username)}`,
      )
    }
  } finally {
    await client.end()
  }
}

// Loaded into a gateway that the harness starts (`node --import`), never part of the product: puts failpoints around the
// ports that `serve/` hands on, and around every statement to PostgreSQL.
import { register } from 'node:module'

process.env.FAULTS_PRODUCT ??= ''
register('./hooks.js', import.meta.url)
await import('./statements.js')

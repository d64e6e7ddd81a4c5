export type { Catalogue } from './catalogue.ts'
export { readCatalogue } from './catalogue-read.ts'
export { type SqlFacts, type SqlMode, type SqlRules, sqlFactKinds, sqlFacts } from './facts.ts'

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configJsonSchema } from '../../src/config/schema.ts'

const file = new URL('../../config.schema.json', import.meta.url)

test('config.schema.json is current (`countersign check --schema > config.schema.json` renews it)', () => {
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(configJsonSchema())
})

test('every object of the schema refuses unknown keys', () => {
  const loose: string[] = []
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    if (
      'properties' in node &&
      !('additionalProperties' in node && node.additionalProperties === false)
    )
      loose.push(path)
    for (const [key, inner] of Object.entries(node)) walk(inner, `${path}.${key}`)
  }
  walk(configJsonSchema(), '$')
  expect(loose).toEqual([])
})

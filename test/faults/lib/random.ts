/** Numbers that a seed gives again: SHA-256 of seed, name and a counter. */
import { createHash } from 'node:crypto'

export const seeded = (seed: string, name: string): (() => number) => {
  let count = 0
  return () => {
    count += 1
    const hash = createHash('sha256').update(`${seed} ${name} ${count}`).digest()
    return hash.readUIntBE(0, 6) / 2 ** 48
  }
}

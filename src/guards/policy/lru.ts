/** A bounded memory: the least recently used goes first, and nothing is remembered for longer than `forMs`. */
export interface Lru<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
}

export const lru = <V>(
  most: number,
  forMs: number = Number.POSITIVE_INFINITY,
  forgotten?: (value: V) => void,
): Lru<V> => {
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  const drop = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    forgotten?.(entry.value)
  }
  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (performance.now() >= entry.until) {
        drop(key)
        return undefined
      }
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set: (key, value) => {
      drop(key)
      if (entries.size >= most)
        for (const oldest of entries.keys()) {
          drop(oldest)
          break
        }
      entries.set(key, { value, until: performance.now() + forMs })
    },
  }
}

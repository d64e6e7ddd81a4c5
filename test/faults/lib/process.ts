/** What the system knows of processes: children, ends. */
import { readdirSync, readFileSync } from 'node:fs'
import { eventually } from './wait.ts'

const statOf = (pid: number): { readonly parent: number; readonly state: string } | undefined => {
  try {
    // The name in parentheses may hold anything; what follows the last one is numbers.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent = '0'] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { parent: Number(parent), state }
  } catch {
    return undefined
  }
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

export const childrenOf = (pid: number): readonly number[] =>
  pids().filter((one) => statOf(one)?.parent === pid)

export const alive = (pid: number): boolean => {
  const found = statOf(pid)
  return found !== undefined && found.state !== 'Z'
}

export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown
  }
}

export const gone = (all: readonly number[], ms = 10_000): Promise<boolean> =>
  eventually(`processes ${all.join(' ')} end`, ms, () => !all.some(alive))

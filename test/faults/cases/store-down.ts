import type { Fault } from '../lib/fault.ts'

export const faults: readonly Fault[] = []

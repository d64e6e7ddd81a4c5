#!/usr/bin/env node
// Node 20's optimiser crashes when it inlines calls into WebAssembly (Cedar, libpg-query); the flag must be set before either is loaded.
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--no-turbo-inline-js-wasm-calls')
const { main } = await import('../dist/cli/main.js')
await main(process.argv)

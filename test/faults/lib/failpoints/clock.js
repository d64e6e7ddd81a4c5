// The clocks of this process say what the file FAULTS_CLOCK says, read again at SIGUSR2: `{wallMs, ageMs}` are added to the
// wall clock and to `performance.now()`. The monotonic clock of leases (`process.hrtime`) is left alone.
import { readFileSync } from 'node:fs'

let wallMs = 0
let ageMs = 0
const read = () => {
  const told = JSON.parse(readFileSync(process.env.FAULTS_CLOCK, 'utf8'))
  wallMs = told.wallMs ?? 0
  ageMs = told.ageMs ?? 0
}
read()
process.on('SIGUSR2', read)

const RealDate = Date
// For the journal, which is compared with what others saw.
globalThis.faultsNow = RealDate.now
const now = () => RealDate.now() + wallMs
globalThis.Date = new Proxy(RealDate, {
  construct: (of, args, as) => Reflect.construct(of, args.length === 0 ? [now()] : args, as),
  apply: () => new RealDate(now()).toString(),
  get: (of, name) => (name === 'now' ? now : Reflect.get(of, name)),
})
const real = performance.now.bind(performance)
performance.now = () => real() + ageMs

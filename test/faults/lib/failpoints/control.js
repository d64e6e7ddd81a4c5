// Failpoints that are armed, by the harness over the channel between the two processes. Nothing armed costs nothing.
import { appendFileSync } from 'node:fs'

/** `{id, at, when, match?, action: 'pause'|'throw'|'block'|'delay'|'exhaust', ms?, skip?, times?}` */
const armed = new Map()
const held = new Map()

const arm = (one) => armed.set(one.id, { skip: 0, times: 1, ...one })
for (const one of JSON.parse(process.env.FAULTS_ARM ?? '[]')) arm(one)
process.on('message', (message) => {
  if (message.arm) {
    arm(message.arm)
    process.send?.({ armed: message.arm.id })
  }
  if (message.disarm !== undefined) armed.delete(message.disarm)
  if (message.release !== undefined) {
    for (const go of held.get(message.release) ?? []) go()
    held.delete(message.release)
  }
})
// Who started this is gone: so is this.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.channel?.unref()

export const anyArmed = (at) => [...armed.values()].some((one) => one.at === at)

const due = (at, when, detail) => {
  for (const one of armed.values()) {
    if (one.at !== at || one.when !== when) continue
    if (one.match !== undefined && !detail.includes(one.match)) continue
    if (one.skip-- > 0) continue
    if (--one.times <= 0) armed.delete(one.id)
    return one
  }
  return undefined
}

/** At once undefined when nothing is armed here; else a promise of what is to happen. */
export const reach = (at, when, detail = '') => {
  if (armed.size === 0) return undefined
  const one = due(at, when, detail)
  if (one === undefined) return undefined
  process.send?.({ hit: one.id, detail })
  if (one.action === 'throw') return Promise.reject(new Error(`failpoint ${at} ${when}`))
  if (one.action === 'block') {
    // The event loop stands still, as in a long collection of garbage.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, one.ms)
    return undefined
  }
  if (one.action === 'exhaust') {
    // Until V8 gives up; what is kept can't be collected.
    for (const kept = []; ; ) kept.push(new Array(1 << 20).fill(one.id + kept.length))
  }
  if (one.action === 'delay') return new Promise((go) => setTimeout(go, one.ms))
  return new Promise((go) => held.set(one.id, [...(held.get(one.id) ?? []), go]))
}

/** `work` between the two points. */
export const around = async (at, detail, work) => {
  await reach(at, 'before', detail)
  const result = await work()
  await reach(at, 'after', detail)
  return result
}

const journal = process.env.FAULTS_JOURNAL
/** Written with the process's own call, so that it is in the file when the process dies in the next line. */
export const note = (line) => {
  if (journal) appendFileSync(journal, `${JSON.stringify(line)}\n`)
}

/** The product that this process runs. */
export const real = (path) => import(new URL(`${path}?real`, process.env.FAULTS_PRODUCT).href)

/** The same thing with some of its functions in the place of its own; getters and private state stay its own. */
export const instead = (of, changed) =>
  new Proxy(of, {
    get: (_, name) => {
      if (Object.hasOwn(changed, name)) return changed[name]
      const value = Reflect.get(of, name)
      return typeof value === 'function' ? value.bind(of) : value
    },
  })

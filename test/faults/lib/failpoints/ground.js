// Failpoints `masking` (within the masker, where it reads what it is to mask; match: the target's name; can only block),
// `vault.lease` (match: the credential's name), `mask` (match: the target's name) and `keys` (wrap and unwrap of data keys).
import { anyArmed, around, instead, reach, real } from './control.js'

const { openGround: open } = await real('dist/serve/ground.js')

const slow = (output, target) =>
  anyArmed('masking')
    ? new Proxy(output, {
        get(of, name) {
          // Reading what to mask takes as long as the failpoint says.
          if (name === 'rows' || name === 'stdout') reach('masking', 'before', target)
          return of[name]
        },
      })
    : output

export const openGround = async (start) => {
  const ground = await open(start)
  const { keys, masker, vault } = ground
  // A key wrap answers at once, so its failpoint can only throw.
  const guarded = (work) => {
    const failed = reach('keys', 'before')
    if (failed === undefined) return work()
    failed.catch(() => undefined)
    throw new Error('failpoint keys')
  }
  return {
    ...ground,
    keys: instead(keys, {
      wrap: (...args) => guarded(() => keys.wrap(...args)),
      unwrap: (...args) => guarded(() => keys.unwrap(...args)),
    }),
    vault: instead(vault, {
      lease: (name, callId) => around('vault.lease', name, () => vault.lease(name, callId)),
    }),
    masker: instead(masker, {
      output: (output, context) =>
        around('mask', context.target?.name ?? '', () =>
          masker.output(slow(output, context.target?.name ?? ''), context),
        ),
    }),
  }
}

/** Where a list goes on: the cluster's own token, sealed and bound to who asked for what. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { GateError } from '../../errors.ts'

const ivBytes = 12
const tagBytes = 16

export interface Cursors {
  /** `bound`: everything that the cursor is good for; another one does not open it. */
  seal(token: string, bound: string): string
  /** Throws INPUT_REFUSED for a cursor of another call, of another gateway, or of nobody. */
  open(cursor: string, bound: string): string
}

/** AES-256-GCM; `key` has 32 bytes. */
export const cursors = (key: Uint8Array): Cursors => ({
  seal: (token, bound) => {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    cipher.setAAD(Buffer.from(bound))
    const sealed = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
  },
  open: (cursor, bound) => {
    const bytes = Buffer.from(cursor, 'base64url')
    try {
      const iv = bytes.subarray(0, ivBytes)
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(bound))
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      const token = decipher.update(bytes.subarray(ivBytes + tagBytes))
      return Buffer.concat([token, decipher.final()]).toString('utf8')
    } catch (cause) {
      throw new GateError('INPUT_REFUSED', 'The cursor is not one of this call.', {
        hint: 'Send exactly the call that gave the cursor, or begin again without it.',
        cause,
      })
    }
  },
})

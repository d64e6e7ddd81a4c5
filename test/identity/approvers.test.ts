import { createPrivateKey, createPublicKey, scryptSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { approverSignature, localApprovers } from '../../src/identity/approvers.ts'
import { identified, isCaller } from '../../src/identity/caller.ts'
import { localCaller } from '../../src/identity/local.ts'
import {
  hashPassphrase,
  isPassphrase,
  isPassphraseHash,
  signedBy,
} from '../../src/identity/passphrase.ts'
import type { RefusalKind } from '../../src/identity/refusals.ts'

const right = 'correct horse battery'
// The cheapest hash that is taken, so that many tries don't take long.
const cheapHash = (passphrase: string): string => {
  const salt = Buffer.alloc(16, 5)
  const seed = scryptSync(passphrase, salt, 32, { N: 16384, r: 8, p: 1 })
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const point = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  return `scrypt:16384:8:1:${salt.toString('base64url')}:${point.toString('base64url')}`
}
const hash = cheapHash(right)

describe('passphrases', () => {
  test('the right one fits its hash, in whatever form the keyboard gave it', async () => {
    expect(isPassphraseHash(hash)).toBe(true)
    expect(await isPassphrase(right, hash)).toBe(true)
    const accented = await hashPassphrase('caf\u00e9 au lait, toujours')
    expect(await isPassphrase('cafe\u0301 au lait, toujours', accented)).toBe(true)
  })

  test('a wrong, empty or endless one does not', async () => {
    for (const wrong of ['', 'correct horse batterz', `${right} `, 'x'.repeat(5000)])
      expect(await isPassphrase(wrong, hash)).toBe(false)
  })

  test('two hashes of one passphrase differ, and hold nothing of it', async () => {
    const [one, two] = [await hashPassphrase(right), await hashPassphrase(right)]
    expect(one).not.toBe(two)
    expect(isPassphraseHash(one)).toBe(true)
    expect(one).not.toContain('horse')
  })

  test.each([
    'scrypt:1024:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'scrypt:131073:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'scrypt:8388608:64:4:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'scrypt:131072:8:1::',
    'plain:secret',
    '',
  ])('%s is no hash that we take', async (encoded) => {
    expect(isPassphraseHash(encoded)).toBe(false)
    expect(await isPassphrase(right, encoded)).toBe(false)
  })

  test('a short one is not taken at all', async () => {
    await expect(hashPassphrase('elevenchars')).rejects.toThrow(RangeError)
  })
})

describe('approvers', () => {
  const setUp = () => {
    let clock = 0
    const refusals: RefusalKind[] = []
    const approvers = localApprovers([{ subject: 'bo', groups: ['dba'], passphrase: hash }], {
      now: () => clock,
      refused: (kind) => void refusals.push(kind),
    })
    return {
      approvers,
      refusals,
      wait: (ms: number) => {
        clock += ms
      },
    }
  }

  test('a person is proven for one request, as somebody of this configuration', async () => {
    const { approvers } = setUp()
    const one = await approvers.prove('bo', right, {})
    expect(isCaller(one)).toBe(true)
    expect(one).toMatchObject({
      iss: 'local',
      sub: 'bo',
      groups: ['dba'],
      auth: 'passphrase',
      via: 'cli',
    })
    expect((await approvers.prove('bo', right, {})).session).not.toBe(one.session)
  })

  test('who was proven can sign, and the configuration alone tells that signature from any other', async () => {
    const { approvers } = setUp()
    const bo = await approvers.prove('bo', right, {})
    const signature = approverSignature(bo, 'approve 1')
    expect(signature && signedBy(hash, 'approve 1', signature)).toBe(true)
    expect(signature && signedBy(hash, 'approve 2', signature)).toBe(false)
    expect(signature && signedBy(cheapHash('another passphrase'), 'approve 1', signature)).toBe(
      false,
    )
    expect(signedBy(hash, 'approve 1', Buffer.alloc(64))).toBe(false)
    const ana = localCaller(
      { subject: 'bo', groups: [] },
      { via: 'socket', session: 's', origin: {} },
    )
    expect(approverSignature(ana, 'approve 1')).toBeUndefined()
  })

  test('an unknown name and a wrong passphrase are refused in the same words', async () => {
    const { approvers, refusals } = setUp()
    const wrong = await approvers.prove('bo', 'not the passphrase', {}).catch((error) => error)
    const unknown = await approvers.prove('eve', right, {}).catch((error) => error)
    expect(wrong).toMatchObject({ code: 'NOT_IDENTIFIED' })
    expect(unknown.message).toBe(wrong.message)
    expect(refusals).toEqual(['passphrase', 'passphrase'])
  })

  test('guessing locks, longer each time, even when the guesses come all at once', async () => {
    const { approvers, refusals, wait } = setUp()
    const guesses = Array.from({ length: 8 }, (_, at) =>
      approvers.prove('bo', `wrong guess ${at}`, {}).catch(() => undefined),
    )
    await Promise.all(guesses)
    expect(refusals.filter((kind) => kind === 'passphrase')).toHaveLength(3)
    expect(refusals.filter((kind) => kind === 'locked-out')).toHaveLength(5)
    await expect(approvers.prove('bo', right, {})).rejects.toThrow(/next try/)
    wait(1001)
    await expect(approvers.prove('bo', 'wrong again....', {})).rejects.toThrow(/No approver/)
    wait(1001)
    await expect(approvers.prove('bo', right, {})).rejects.toThrow(/next try/)
    wait(1000)
    expect(await approvers.prove('bo', right, {})).toMatchObject({ sub: 'bo' })
  })

  test('more than a few waiting tries are turned away at once', async () => {
    const { approvers } = setUp()
    const tries = Array.from({ length: 20 }, () => approvers.prove('eve', 'guess guess', {}))
    const settled = await Promise.allSettled(tries)
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
  })

  test('all subjects together have so many tries a minute', async () => {
    const { approvers, wait } = setUp()
    for (let many = 0; many < 30; many += 1) await approvers.prove('bo', right, {})
    await expect(approvers.prove('bo', right, {})).rejects.toThrow(/next try/)
    wait(60_000)
    expect(await approvers.prove('bo', right, {})).toMatchObject({ sub: 'bo' })
  })
})

describe('callers', () => {
  const fields = {
    iss: 'i',
    sub: 's',
    client: '',
    groups: [],
    via: 'http',
    auth: 'oidc',
    session: 'x',
    origin: {},
  } as const

  test('a look-alike, a copy and a revived one are nobody', () => {
    const real = identified(fields)
    expect(isCaller(real)).toBe(true)
    for (const fake of [
      fields,
      { ...real },
      structuredClone({ ...real }),
      JSON.parse(JSON.stringify(real)),
      Object.create(real),
      undefined,
      'ana',
    ])
      expect(isCaller(fake)).toBe(false)
  })

  test('a caller can not be changed afterwards', () => {
    const real = identified({ ...fields, groups: ['a'] })
    expect(() => Object.assign(real, { sub: 'root' })).toThrow()
    expect(() => (real.groups as string[]).push('admin')).toThrow()
  })

  test.each([
    { sub: '' },
    { iss: '' },
    { sub: 'a\nb' },
    { sub: 'a\u0000' },
    { groups: [''] },
    { session: '' },
    { client: 'x\u001b[2J' },
    { sub: 'x'.repeat(513) },
  ])('%o names nobody', (change) => {
    expect(() => identified({ ...fields, ...change })).toThrow(/names nobody/)
  })

  test('the local principal is never proven like an approver', () => {
    const ana = localCaller(
      { subject: 'bo', groups: ['dba'] },
      { via: 'socket', session: 's', origin: {} },
    )
    expect(ana.auth).toBe('local')
  })
})

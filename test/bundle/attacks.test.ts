/** What a bundle's verifiers catch and what they can't; docs/evidence.md is written from this table. */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signerOf } from '../../src/audit/tree/note.ts'
import { log as name } from '../notary/support.ts'
import { expectSecond, second } from '../support/second-verifier.ts'
import {
  assemble,
  clone,
  type Evidence,
  judge,
  type Loose,
  linesOf,
  makeEvidence,
  rechain,
  resign,
} from './support.ts'

let made: Evidence
let lines: Loose[]
const other = signerOf(name, generateKeyPairSync('ed25519').privateKey)

beforeAll(async () => {
  made = await makeEvidence()
  lines = linesOf(await made.export())
})
afterAll(() => made?.drop())

const eventsOf = (of: Loose[], type: string): Loose[] =>
  of.filter(({ header, kind }) => kind === 'event' && header.type === type)
const first = (of: Loose[], type: string): Loose => {
  const [found] = eventsOf(of, type)
  if (!found) throw new Error(`no ${type}`)
  return found
}
/** An event and its payloads, gone. */
const remove = (of: Loose[], event: Loose): void => {
  const at = of.indexOf(event)
  let end = at + 1
  while (of[end]?.kind === 'payload') end += 1
  of.splice(at, end - at)
}
const tail = (of: Loose[], count: number): void => {
  for (const one of of.filter(({ kind }) => kind === 'event').slice(-count)) remove(of, one)
}
const dropNotes = (of: Loose[], keep: string): void => {
  for (let at = of.length - 1; at >= 0; at--)
    if (['checkpoint', 'anchor'].includes(of[at]?.kind) && of[at]?.note !== keep) of.splice(at, 1)
  if (!of.some(({ note }) => note === keep)) of.push({ kind: 'checkpoint', note: keep })
}
const last = (of: Loose[]): Loose => {
  const found = eventsOf(of, 'call.result').at(-1)
  if (!found) throw new Error('no result')
  return found
}
const chainAgain = (of: Loose[], change: () => void): void => {
  const before = clone(of)
  change()
  rechain(of, before)
}

interface Attack {
  readonly what: string
  readonly change: (of: Loose[]) => void
  readonly anchor?: 'early' | 'later'
  /** `decisions`: by the verifier that has Cedar only. */
  readonly caught: boolean | 'decisions'
  /** What closes the gap. */
  readonly remedy?: string
}

const attacks: readonly Attack[] = [
  {
    what: 'An event is edited',
    change: (of) => {
      first(of, 'call.result').header.outcome.rows = '2'
    },
    caught: true,
  },
  {
    what: 'Contents are edited',
    change: (of) => {
      const line = of.find(({ kind }) => kind === 'payload')
      if (line) line.bytes = Buffer.from('{"sql":"select 2"}').toString('base64')
    },
    caught: true,
  },
  {
    what: 'An event and every link after it are made to fit again, the signatures kept',
    change: (of) =>
      chainAgain(of, () => {
        first(of, 'call.result').header.outcome.rows = '2'
      }),
    caught: true,
  },
  {
    what: 'An event is deleted',
    change: (of) => remove(of, first(of, 'call.denied')),
    caught: true,
  },
  {
    what: 'Contents are deleted that no erasure names',
    change: (of) => {
      of.splice(
        of.findIndex(({ kind }) => kind === 'payload'),
        1,
      )
    },
    caught: true,
  },
  {
    what: 'Events change places',
    change: (of) => {
      const [a, b] = eventsOf(of, 'call.result')
      if (a && b) [a.header, b.header] = [b.header, a.header]
    },
    caught: true,
  },
  {
    what: 'A result is given another mask count',
    change: (of) =>
      chainAgain(of, () => {
        first(of, 'call.result').header.mask.hits.email = 0
      }),
    caught: true,
  },
  {
    what: 'An approval is moved to another call, by who holds the signing key',
    change: (of) => {
      chainAgain(of, () => {
        const [one, two] = eventsOf(of, 'approval.granted')
        if (one && two) one.header.call_id = two.header.call_id
      })
      resign(of, made.signer)
    },
    caught: true,
  },
  {
    what: 'A denied call is recorded as allowed, by who holds the signing key',
    change: (of) => {
      chainAgain(of, () => {
        first(of, 'call.denied').header.policy.decision = 'allow'
      })
      resign(of, made.signer)
    },
    caught: 'decisions',
  },
  {
    what: 'Everything is written anew and signed with another key',
    change: (of) => {
      chainAgain(of, () => {
        first(of, 'call.result').header.outcome.rows = '2'
      })
      resign(of, other)
    },
    caught: true,
  },
  {
    what: 'The end is dropped below a size for which you hold an anchor',
    change: (of) => {
      tail(of, 2)
      dropNotes(of, made.early)
    },
    anchor: 'later',
    caught: true,
  },
  {
    what: 'The end is dropped, back to an older checkpoint, and you hold no anchor of it',
    change: (of) => {
      tail(of, 2)
      dropNotes(of, made.early)
    },
    caught: false,
    remedy:
      'Hold anchors, receipts, or an earlier bundle: each shows what is gone. Anchors are at most 60 s apart.',
  },
  {
    what: 'What follows an older checkpoint is written anew, later checkpoints dropped, and you hold copies of the database only',
    change: (of) => {
      chainAgain(of, () => {
        last(of).header.outcome.rows = '2'
      })
      dropNotes(of, made.early)
    },
    caught: false,
    remedy:
      'The verifier says how many events at the end no checkpoint covers. One anchor closes it, as the next row shows.',
  },
  {
    what: 'The same, and you hold one anchor of a later size',
    change: (of) => {
      chainAgain(of, () => {
        last(of).header.outcome.rows = '2'
      })
      dropNotes(of, made.early)
    },
    anchor: 'later',
    caught: true,
  },
  {
    what: 'The signing key is stolen, all is written anew, and you hold no anchor',
    change: (of) => {
      chainAgain(of, () => {
        first(of, 'call.result').header.outcome.rows = '2'
      })
      resign(of, made.signer)
    },
    caught: false,
    remedy:
      'Run the notary under another account or on another machine, and hold an anchor that is older than the theft.',
  },
  {
    what: 'The signing key is stolen, all is written anew, and you hold one old anchor',
    change: (of) => {
      chainAgain(of, () => {
        first(of, 'call.result').header.outcome.rows = '2'
      })
      resign(of, made.signer)
    },
    anchor: 'early',
    caught: true,
  },
]

describe('a bundle', () => {
  test('as it was exported verifies with both, and every decision is made again', async () => {
    const file = await made.export()
    const seen = await judge(file, made.signer)
    expect(seen).toMatchObject({
      exit: 0,
      findings: [],
      incomplete: [],
      approvals: 2,
      decisions: 7,
    })
    expect(seen.payloads.checked).toBeGreaterThan(10)
    const other = await second(file, made.key)
    if (!other) return
    expect(other).toMatchObject({ exit: 0, findings: [] })
    expect(other.notChecked).toContain('decisions: not checked')
  })
  test.each(attacks)('$what: caught $caught', async ({ anchor, caught, change, what }) => {
    const changed = clone(lines)
    change(changed)
    const file = join(made.folder, 'attacked')
    writeFileSync(file, assemble(changed))
    const note = join(made.folder, 'anchor.note')
    if (anchor) writeFileSync(note, made[anchor])
    const seen = await judge(file, made.signer, { anchors: anchor ? [made[anchor]] : [] })
    expect(seen.exit, what).toBe(caught === false ? 0 : 1)
    await expectSecond(file, made.key, caught === true ? 1 : 0, anchor ? [note] : [])
  })
})

const page = (): string => `# What the evidence shows, and what it does not

This page is written by the test that proves it (\`test/bundle/attacks.test.ts\`): each row is an attack on a real bundle,
judged by both verifiers, \`countersign audit verify\` and \`verifier/verify.py\`. The log is tamper-evident, with an
un-anchored window of at most 60 s; it is not immutable.

| somebody does this | found |
|---|---|
${attacks.map(({ caught, what }) => `| ${what} | ${caught === 'decisions' ? 'yes, where decisions are made again (the Python verifier makes none)' : caught ? 'yes' : '**no**'} |`).join('\n')}

## What is not found, and what closes it

${attacks
  .filter(({ remedy }) => remedy !== undefined)
  .map(({ remedy, what }) => `- ${what}: ${remedy}`)
  .join('\n')}

## Changed bytes

No changed byte of what \`npm run demo -- --once --evidence DIR\` leaves, bundle and \`notary.pub\`, is taken by either verifier
(\`test/bundle/demo.test.ts\`); nor is one of a bundle that was cut, mutated at random or forged with every count and hash made to fit
(\`test/bundle/bad-input.test.ts\`). A header that the notary signed in another form than its one canonical form is refused as well
(\`test/bundle/canonical.test.ts\`). The verifier in Python is asked by \`npm run test:live -- verifier\`.

## What no verifier can tell

- Whether what the gateway wrote was true. The log shows that nothing was changed since it was signed; it does not show
  that the gateway was honest before. Who runs other code as the gateway writes other events.
- Whether a read without a \`policy\` in its \`call.intent\` was the gateway's own (a catalogue, a preview). Such a run has no decision
  that could be made again. A change without one is found.
- Whether an approval that one gateway recorded came before the run that another recorded: two streams have no order but that of
  clocks. Within one stream, a grant after the intent is found (\`test/bundle/lies.test.ts\`, with other lies that could be signed).
- What the exporter says beside the events: whether the notary is its \`own\`, the \`key\` lines, where the export begins and ends.
  What lies before it is counted as not checked; checkpoints, or an anchor of yours, hold its end.
- What a rebase gave up. The notary's operator can sign that the log goes on from elsewhere; checkpoints and anchors from before
  that no longer fit are then counted as not checked, and \`log.rebased\` says when, why and over which sizes.
- What was done to a target past the gateway. Its own log tells that.
- Who read the audit views. PostgreSQL can log it (\`log_statement\`, pgaudit); Countersign does not.
- What erased contents said. Their commitments stay and every proof holds; the words are gone.
- Who sat at the keyboard. An approval is as good as the passphrase or the sign-in behind it.

## Contents that were erased

Payloads and salts that retention erased leave the bundle; headers, links, signatures and proofs stay as they are, and
the verifier asks for the \`retention.erase\` event that names each. It prints how many parts were erased.
`

test('docs/evidence.md is what this table says', () => {
  const file = 'docs/evidence.md'
  if (process.env.UPDATE === '1' || !existsSync(file)) writeFileSync(file, page())
  expect(readFileSync(file, 'utf8')).toBe(page())
})

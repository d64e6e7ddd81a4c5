/** The verifier in Python, asked beside ours in the project `verifier` of vitest; the unit tests need nothing but Node, so there nobody asks it. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'

const asked = process.env.COUNTERSIGN_SECOND_VERIFIER === 'python3'
const run = promisify(execFile)

export interface Second {
  readonly exit: number
  readonly findings: readonly { what: string }[]
  readonly notChecked: readonly string[]
}

/** Its report on a bundle or receipt; undefined where it is not asked. */
export const second = async (
  file: string,
  key: string,
  anchors: readonly string[] = [],
): Promise<Second | undefined> => {
  if (!asked) return undefined
  const args = ['verifier/verify.py', file, '--json', '--key', key]
  const out = await run('python3', [...args, ...anchors.flatMap((one) => ['--anchor', one])], {
    maxBuffer: 1e8,
  }).catch((thrown: { code?: number; stdout?: string; stderr?: string }) => {
    if (thrown.stdout) return { stdout: thrown.stdout }
    if (thrown.code === 2 && thrown.stderr?.startsWith('could not be checked: '))
      return { stdout: JSON.stringify({ exit: 2, findings: [], notChecked: [] }) }
    throw new Error(`the Python verifier died: ${thrown.stderr ?? String(thrown)}`)
  })
  return JSON.parse(out.stdout)
}

/** That it gives this verdict, where it is asked. */
export const expectSecond = async (
  file: string,
  key: string,
  exit: number,
  anchors: readonly string[] = [],
): Promise<void> => {
  const seen = await second(file, key, anchors)
  if (seen) expect(seen.exit, JSON.stringify(seen.findings)).toBe(exit)
}

/** That it gives these verdicts on these files, all in one process; a crash of it is -1. */
export const expectSecondOn = (
  files: readonly string[],
  key: string,
  exits: readonly number[],
): void => {
  if (!asked) return
  const program = `import sys, json, traceback
sys.path.insert(0, 'verifier')
sys.dont_write_bytecode = True
import verify
given = json.load(sys.stdin)
out = []
for file in given['files']:
    try:
        out.append(verify.verify_file(file, [given['key']], [])['exit'])
    except Exception:
        traceback.print_exc()
        out.append(-1)
print(json.dumps(out))`
  const said = execFileSync('python3', ['-c', program], {
    input: JSON.stringify({ files, key }),
    maxBuffer: 1e8,
  })
  expect(JSON.parse(said.toString())).toEqual(exits)
}

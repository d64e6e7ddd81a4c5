/**
 * A folder where commands really run, as a user who owns nothing else, and an observer that is no parser: what files
 * became, and which programs were started that would have changed something.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const nobody = 65_534
const isRoot = process.getuid?.() === 0
/** Really there, from the system. */
const real = [
  'cat',
  'head',
  'tail',
  'sort',
  'uniq',
  'cut',
  'tr',
  'wc',
  'grep',
  'sed',
  'awk',
  'find',
  'xargs',
  'ls',
  'tee',
  'env',
  'sh',
  'bash',
  'date',
  'basename',
  'nl',
  'seq',
  'timeout',
  'nice',
  'sleep',
  'rev',
  'tac',
]
/** They only leave their names, when they are asked to do something. */
const stubs = [
  'rm',
  'mv',
  'cp',
  'touch',
  'mkdir',
  'ln',
  'chmod',
  'reboot',
  'curl',
  'deploy',
  'git',
  'systemctl',
]

export interface Seen {
  /** Files that came, went or changed, and programs that would have changed something. */
  readonly changes: readonly string[]
}
export class Sandbox {
  readonly #base = mkdtempSync(join(tmpdir(), 'cs-fuzz-'))
  readonly #bin = join(this.#base, 'bin')
  readonly #log = join(this.#base, 'log')
  readonly work = join(this.#base, 'work')
  constructor() {
    chmodSync(this.#base, 0o755)
    mkdirSync(this.#bin)
    for (const name of real) {
      const at = ['/usr/bin', '/bin'].map((d) => join(d, name)).find((p) => existsSync(p))
      if (at) symlinkSync(at, join(this.#bin, name))
    }
    for (const name of stubs)
      writeFileSync(
        join(this.#bin, name),
        `#!/bin/sh\n[ $# -eq 0 ] || echo ${name} >> ${this.#log}\n`,
        { mode: 0o755 },
      )
  }

  #fill(): void {
    rmSync(this.work, { recursive: true, force: true })
    mkdirSync(join(this.work, 'd'), { recursive: true })
    for (const [name, text] of [
      ['a', 'one\ntwo\nthree\n'],
      ['b', 'x y\n'],
      ['d/c', '3\n1\n2\n'],
      ['d/e', '9\n'],
      ['w', 'a\nb\n'],
    ] as const)
      writeFileSync(join(this.work, name), text)
    writeFileSync(this.#log, '')
    if (isRoot)
      for (const p of [
        this.work,
        this.#log,
        ...['d', 'a', 'b', 'd/c', 'd/e', 'w'].map((n) => join(this.work, n)),
      ])
        chownSync(p, nobody, nobody)
  }

  #snapshot(): Map<string, string> {
    const found = new Map<string, string>()
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name)
        const stat = lstatSync(path)
        if (stat.isDirectory()) {
          found.set(path, `d${stat.mode}`)
          walk(path)
        } else
          found.set(
            path,
            `${stat.mode} ${stat.mtimeMs} ${stat.isFile() ? createHash('sha1').update(readFileSync(path)).digest('hex') : ''}`,
          )
      }
    }
    walk(this.work)
    return found
  }

  /** Runs the text by this shell for at most two seconds and tells what became of the folder. */
  run(shell: 'dash' | 'bash' | 'posix', script: string): Seen {
    this.#fill()
    const before = this.#snapshot()
    const program =
      shell === 'dash'
        ? ['/bin/dash', '-c']
        : ['/bin/bash', '--noprofile', '--norc', ...(shell === 'posix' ? ['--posix'] : []), '-c']
    const limited = ['-c', 'ulimit -t 2 -f 2000 -c 0; exec "$@"', 'sh', ...program, script]
    spawnSync('/bin/sh', limited, {
      cwd: this.work,
      timeout: 2000,
      killSignal: 'SIGKILL',
      input: 'in\n',
      maxBuffer: 1 << 20,
      env: { PATH: this.#bin, HOME: this.work, USER: 'nobody', LANG: 'C.UTF-8' },
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    })
    const after = this.#snapshot()
    const names = [...new Set([...before.keys(), ...after.keys()])].filter(
      (n) => before.get(n) !== after.get(n),
    )
    return {
      changes: [
        ...names.map((n) => n.slice(this.work.length + 1)),
        ...readFileSync(this.#log, 'utf8')
          .split('\n')
          .filter((l) => l !== ''),
      ],
    }
  }

  close(): void {
    rmSync(this.#base, { recursive: true, force: true })
  }
}

/** Whether a shell takes the text at all. */
export const parses = (shell: 'dash' | 'bash', script: string): boolean => {
  try {
    execFileSync(`/bin/${shell}`, ['-n', '-c', script], { stdio: 'ignore', timeout: 2000 })
    return true
  } catch {
    return false
  }
}

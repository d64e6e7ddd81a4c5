/** A real nginx on loopback with TLS, a client certificate's check, gzip and a proxied service. Stopped by `stop`. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/gateway.ts'

const binary = '/usr/sbin/nginx'
const run = (program: string, args: readonly string[], cwd?: string): string =>
  execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })

/** nginx from Debian's packages; it stays, as on any machine of this kind. */
export const installNginx = (): void => {
  if (existsSync(binary)) return
  run('apt-get', ['update'])
  run('apt-get', ['install', '-y', '--no-install-recommends', 'nginx-light'])
}

export interface Nginx {
  readonly https: number
  readonly http: number
  /** Asks for a certificate of the client's. */
  readonly mtls: number
  readonly file: (name: string) => string
  /** What was asked of it, a line each. */
  log(): string
  stop(): Promise<void>
}

const certificates = (folder: string): void => {
  const openssl = (line: string): string => run('openssl', line.split(' '), folder)
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  openssl(`req -x509 ${key} -days 2 -subj /CN=ca -keyout ca.key -out ca.pem`)
  for (const [name, extension] of [
    ['server', 'subjectAltName=DNS:api.example.com'],
    ['client', 'extendedKeyUsage=clientAuth'],
  ]) {
    openssl(
      `req ${key} -subj /CN=${name} -addext ${extension} -keyout ${name}.key -out ${name}.csr`,
    )
    openssl(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out ${name}.pem`,
    )
  }
}

export const startNginx = async (): Promise<Nginx> => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-nginx-'))
  const file = (name: string): string => join(folder, name)
  run('chmod', ['755', folder])
  certificates(folder)
  for (const name of ['tmp', 'www', 'www/v1', 'www/admin']) mkdirSync(file(name))
  const list = Array.from({ length: 3000 }, (_, id) => ({ id, name: `item ${id}` }))
  writeFileSync(file('www/v1/items.json'), JSON.stringify({ total: list.length, items: list }))
  writeFileSync(file('www/v1/admin'), 'inside of the base')
  writeFileSync(file('www/admin/users'), 'outside of the base')
  writeFileSync(file('www/v1/noise.bin'), Buffer.from([0, 1, 2, 255, 254, 0]))
  const [https, http, mtls] = [await freePort(), await freePort(), await freePort()]
  const tls = `ssl_certificate ${file('server.pem')}; ssl_certificate_key ${file('server.key')};`
  const places = `
    root ${file('www')};
    location /v1/old { return 302 http://169.254.169.254/latest/meta-data/; }
    location /v1/slow { limit_rate 20; }
    location /v1/who { default_type text/plain; return 200 "$request_method|$request_uri|$host|$http_authorization|$ssl_client_s_dn|$remote_addr"; }`
  writeFileSync(
    file('conf'),
    `user root; daemon off; pid ${file('pid')}; error_log ${file('error.log')} info; worker_processes 1;
events { worker_connections 256; }
http {
  log_format asked '$request_method $request_uri $status';
  access_log ${file('access.log')} asked;
  types { application/json json; }
  default_type application/octet-stream;
  gzip on; gzip_types application/json text/plain; gzip_min_length 100;
  client_body_temp_path ${file('tmp/b')}; proxy_temp_path ${file('tmp/p')}; fastcgi_temp_path ${file('tmp/f')};
  uwsgi_temp_path ${file('tmp/u')}; scgi_temp_path ${file('tmp/s')};
  server { listen 127.0.0.1:${http}; server_name api.example.com; ${places} }
  server { listen 127.0.0.1:${https} ssl; server_name api.example.com; ${tls} ${places} }
  server { listen 127.0.0.1:${mtls} ssl; server_name api.example.com; ${tls}
    ssl_client_certificate ${file('ca.pem')}; ssl_verify_client on; ${places} }
}
`,
  )
  writeFileSync(file('www/v1/slow'), 'x'.repeat(5000))
  const child = spawn(binary, ['-c', file('conf'), '-e', file('error.log')], { stdio: 'ignore' })
  for (const port of [http, https, mtls]) await answering(port)
  return {
    https,
    http,
    mtls,
    file: (name) => readFileSync(file(name), 'utf8'),
    log: () => readFileSync(file('access.log'), 'utf8'),
    stop: async () => {
      const gone = new Promise((done) => child.once('exit', done))
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const answering = async (port: number): Promise<void> => {
  for (let n = 0; n < 100; n += 1) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        done(true)
      }).once('error', () => done(false))
    })
    if (open) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('nginx did not start')
}

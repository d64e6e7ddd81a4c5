/** Programs that mostly look: at settings, processes, names, data. */
import type { Judge } from '../types.ts'
import { any, isLiteral } from '../wildcard.ts'
import { has, plain } from './arguments.ts'

const ownPlace = /^\/(etc|usr)\/(?!.*\.\.)/
/** A server's binary: only its own look at its configuration is a read, and without options it starts. */
const checks =
  (name: string, option: RegExp, config: RegExp): Judge =>
  (args, port) => {
    if (!has(args, option)) port.raise('write')
    // A configuration can load code: only the system's own is looked at without an approval.
    args.forEach((a, i) => {
      const file = config.exec(a.text)
      const place = file?.[1] || args[i + 1]?.text
      if (file && place !== undefined && !ownPlace.test(place)) port.raise('write')
    })
    port.listed(name, args)
  }
const sysctl: Judge = (args, port) => {
  if (has(args, /=/)) port.raise('admin')
  port.listed('sysctl', args)
}
const date: Judge = (args, port) => {
  const values = /^(-d|--date|-r|--reference|-f|--file|-s|--set|-I)$/
  const bare = args.filter((a, i) => !/^[-+]/.test(a.text) && !values.test(args[i - 1]?.text ?? ''))
  if (bare.length > 0) port.raise('admin')
  port.listed('date', args)
}
const getent: Judge = (args, port) => {
  const [database, ...keys] = plain(
    args.filter((_, i) => !/^(-s|--s[a-z]*)$/.test(args[i - 1]?.text ?? '')),
  )
  if (/^(g?shadow)$/.test(database?.text ?? '')) port.refuse('Passwords are not read here.')
  if (
    !database ||
    !isLiteral(database.text) ||
    /^(a?hosts|ahostsv[46]|networks)$/.test(database.text)
  ) {
    for (const key of keys) port.host(key)
  }
}
/** jq and yq can read the environment and other files from inside their programs. */
const query =
  (name: string): Judge =>
  (args, port) => {
    if (
      args.some((a) =>
        /\$(__prog_args|ENV)|(?<![."\w])env\b|\bstrenv\(|envsubst|\bload\w*\(|\bsystem\(|^--security|(^|[;\n])\s*(import|include)\s+"/.test(
          a.text,
        ),
      )
    ) {
      port.refuse(
        'This program reads the environment, or further files.',
        'Name the files as arguments.',
      )
    }
    args.forEach((a, i) => {
      const file = args[i + 2]
      if (/^--(slurpf|rawf)/.test(a.text) && file) port.path(file, 'file')
    })
    // With the program in a file every operand is input; yq takes a lone path for one.
    const program = has(args, /^(-[a-zA-Z]*f|--from-f[a-z]*)/)
    for (const a of plain(args)) if (program || /^[/~]/.test(a.text)) port.path(a, 'file')
    port.listed(name, args)
  }
/** Asking needs -q or -V; without them the same letters install. */
const rpm: Judge = (args, port) => {
  if (!has(args, /^(-[a-zA-Z]*[qV][a-zA-Z]*|--(query|verify|querytags|showrc))$/))
    port.raise('admin')
  // A package has a script for its verification, which would run.
  if (
    has(args, /^(-[a-zA-Z]*V[a-zA-Z]*|--verify)$/) &&
    has(args, /^(-[a-zA-Z]*p[a-zA-Z]*|--package)$/)
  )
    port.raise('write')
  for (const a of plain(args)) {
    if (/:\/\//.test(a.text)) port.refuse('rpm may not reach another machine.')
    if (has(args, /^(-[a-zA-Z]*p[a-zA-Z]*|--package)$/)) port.path(a, 'file')
  }
  port.listed('rpm', args)
}
/** nft reads its words as one text, in which `;` begins another command. */
const nft: Judge = (args, port) => {
  if (has(args, /[;{}\n]/)) port.refuse('nft may run one command at a time.')
  port.listed('nft', args)
}
const systemctl: Judge = (args, port) => {
  args.forEach((a, i) => {
    const names = /^(-[pP]|--p[a-z]*)=?([\s\S]*)$/.exec(a.text)
    if (/Environment\b/i.test(`${names?.[2]} ${names ? (args[i + 1]?.text ?? '') : ''}`))
      port.refuse('The environment of a service may hold secrets.', 'Name other properties.')
  })
  port.listed('systemctl', args)
}
/** Without a word of what to look at, the server starts. */
const apache =
  (name: string): Judge =>
  (args, port) => {
    if (args.length === 0) port.raise('write')
    port.listed(name, args)
  }
/** What is piped into `s_client` goes to the host. */
const openssl: Judge = (args, port) => {
  if (
    args[0]?.text === 's_client' &&
    port.piped &&
    (port.lines === undefined || port.lines.some((l) => !isLiteral(l)))
  ) {
    port.refuse('What is piped to openssl s_client goes out to the host.', 'Use </dev/null.')
  }
  // A certificate is shown whatever it is called; another file has no business here.
  args.forEach((a, i) => {
    if (/^--?in$/.test(args[i - 1]?.text ?? '') && !/\.(pem|crt|cer|der|csr|crl)$/.test(a.text)) {
      if (/^[a-z]+:/i.test(a.text)) port.refuse('openssl may not go and get what it looks at.')
      port.path(a, 'file')
    }
  })
  port.listed('openssl', args)
}
/** `ps e` in its BSD form shows the environment of every process. */
const ps: Judge = (args, port) => {
  const values =
    /^(-[a-zA-Z]*[oOpuUgGCtqs]|--(format|sort|pid|ppid|user|group|tty|sid|User|Group|cols|columns|lines|rows|width))$/
  args.forEach((a, i) => {
    if (/env/i.test(a.text)) port.refuse('The environment of processes may hold secrets.')
    if (values.test(args[i - 1]?.text ?? '')) return
    if (/^[a-zA-Z]*e[a-zA-Z]*$/.test(a.text) || a.text.startsWith(any)) {
      port.refuse('The environment of processes may hold secrets.', 'Use "ps aux" or "ps -ef".')
    }
  })
}
const hash: Judge = (args, port) => {
  if (has(args, /^-[a-z]*[pd]/)) port.refuse('Giving a name another program hides what it runs.')
}
const service: Judge = (args, port) => {
  const words = plain(args)
  // It runs the script of that name, wherever the name leads.
  if (words.length > 0 && words.some((w) => !isLiteral(w.text) || w.text.includes('/')))
    port.refuse('What service does is not known before it runs.')
  if (words.length === 2 && words[1]?.text === 'status') return
  port.listed('service', args)
}
/** A file of packets is a file; what goes over the wire now is not looked at. */
const tcpdump: Judge = (args, port) => {
  const at = args.findIndex((a) => /^-[nNeqtvxXAlSKUp#]*r$/.test(a.text))
  const file = args[at + 1]
  const calm = args.every(
    (a, i) =>
      !a.text.startsWith('-') ||
      /^-[nNeqtvxXAlSKUp#]*([rc]|[cs][0-9]+)?$/.test(a.text) ||
      args[i - 1]?.text === '-c',
  )
  if (at < 0 || !file || file.text === '-' || !calm) return port.listed('tcpdump', args)
  port.path(file, 'file')
}
export const looking: Readonly<Record<string, Judge>> = {
  nginx: checks('nginx', /^-[tTvVhq]+$/, /^-[tTq]*[cp]([\s\S]*)$/),
  haproxy: checks('haproxy', /^-(c|v|vv)$/, /^-[fCL]([\s\S]*)$/),
  sshd: checks('sshd', /^-[tT]$/, /^-f([\s\S]*)$/),
  sysctl,
  date,
  getent,
  jq: query('jq'),
  yq: query('yq'),
  openssl,
  hash,
  ps,
  rpm,
  nft,
  systemctl,
  ...Object.fromEntries(['apachectl', 'apache2ctl', 'httpd'].map((n) => [n, apache(n)])),
  service,
  tcpdump,
}

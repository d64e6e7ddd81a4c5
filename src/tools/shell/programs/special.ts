/** Programs whose options mean too much for a table. */
import type { Arg, Judge } from '../types.ts'
import { any, isLiteral } from '../wildcard.ts'

const has = (args: readonly Arg[], option: RegExp): boolean => args.some((a) => option.test(a.text))
const plain = (args: readonly Arg[]): readonly Arg[] => {
  const cut = args.findIndex((a) => a.text === '--')
  const free = (cut < 0 ? args : args.slice(0, cut)).filter(
    (a) => !a.text.startsWith('-') || a.text === '-',
  )
  return cut < 0 ? free : [...free, ...args.slice(cut + 1)]
}

/** Everything below: `admin`, and refused where it would take a system with it. */
const wholeTrees = /^\/(\*|\uE000)?$|^\/[^/]+\/?(\uE000)?$|^\/(home|usr|var|etc|lib|opt)\/[^/]+$/
const recursive: Judge = (args, port) => {
  if (has(args, /^(-[a-zA-Z]*[rR][a-zA-Z]*|--recursive)$/)) {
    port.raise('admin')
    for (const a of plain(args)) {
      if (
        wholeTrees.test(a.text.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')) ||
        a.text.startsWith('~') ||
        a.text === '.' ||
        a.text === '..' ||
        a.text.startsWith(any)
      ) {
        port.refuse(
          'This would change or remove a whole tree of the system.',
          'Name the folder below it that is meant.',
        )
      }
    }
  }
}
const rm: Judge = (args, port) => {
  port.raise('write')
  if (has(args, /^--no-preserve-root/)) port.refuse('rm without its safety catch is not allowed.')
  recursive(args, port)
  for (const a of plain(args)) port.path(a, 'out')
}
const changeMode =
  (name: string): Judge =>
  (args, port) => {
    if (has(args, /^(-[a-zA-Z]*R[a-zA-Z]*|--recursive)$/))
      recursive([{ text: '-R', many: false }, ...plain(args).slice(1)], port)
    if (name === 'chmod' && has(args, /^([ugoa]*[+=][rwxXt]*s|[2467][0-7]{3}|0[2467][0-7]{3})/))
      port.raise('admin')
    port.listed(name, args)
  }

const cp: Judge = (args, port) => {
  port.raise('write')
  const tree = has(args, /^(-[a-zA-Z]*[rRa][a-zA-Z]*|--recursive|--archive)$/)
  const target = has(args, /^(-[a-zA-Z]*t|--target-directory)/)
  const operands = plain(args)
  if (has(args, /^--strip-program/)) port.refuse('install may not run another program.')
  operands.forEach((a, i) => {
    const last = i === operands.length - 1 && !target
    port.path(a, last ? 'out' : tree ? 'tree' : 'file')
  })
  for (const a of args)
    if (/^(-t.|--target-directory=)/.test(a.text))
      port.path({ text: a.text.replace(/^(-t|[^=]*=)/, ''), many: false }, 'out')
}

const dd: Judge = (args, port) => {
  for (const a of args) {
    const [, key, value = ''] = /^(\w+)=([\s\S]*)$/.exec(a.text) ?? []
    if (key === undefined && !/^--(help|version)$/.test(a.text)) port.raise('write')
    if (key === 'if') port.path({ text: value, many: a.many }, 'file')
    if (key === 'of') {
      port.raise('write')
      port.path({ text: value, many: a.many }, 'out')
    }
  }
}

const grep =
  (name: string): Judge =>
  (args, port) => {
    const deep = has(
      args,
      /^(-[a-zA-Z]*[rR][a-zA-Z]*|--recursive|--dereference-recursive|--directories=recurse|-drecurse)$/,
    )
    if (!deep) return port.listed(name, args)
    const given = has(args, /^(-[a-zA-Z]*[ef]|--regexp|--file)/)
    const operands = plain(args)
    port.listed(name, args)
    for (const a of given ? operands : operands.slice(1)) port.path(a, 'tree')
  }
const searcher: Judge = (args, port) => {
  if (has(args, /^--(pre|hostname-bin|search-zip|pager)|^-[a-zA-Z]*z/))
    port.refuse('This option runs another program.')
  if (has(args, /^(-f|--file|--ignore-file|--ackrc)/)) port.raise('write')
  for (const a of plain(args).slice(1)) port.path(a, 'tree')
}

const old = /^-?[a-zA-Z]+$/
const tar: Judge = (args, port) => {
  const runs =
    /^(--to-command|--checkpoint-action|--use-compress-program|--rsh-command|--info-script|--new-volume-script|--rmt-command|--to-c|--checkpoint-a|--use-c|--us|--rs|--rm|--inf|--new-v|-I|-F)/
  if (has(args, runs)) port.refuse('This option of tar runs another program.')
  const first = args[0]?.text ?? ''
  const letters = old.test(first) && !first.startsWith('--') ? first.replace('-', '') : ''
  const all =
    letters +
    args
      .slice(1)
      .filter((a) => /^-[a-zA-Z]+$/.test(a.text))
      .map((a) => a.text.slice(1))
      .join('')
  if (/[IF]/.test(all)) port.refuse('This option of tar runs another program.')
  const mode = /[cruxtdA]/.exec(all)?.[0] ?? (has(args, /^--list$/) ? 't' : undefined)
  if (
    has(args, /^(--remove-files|--delete|--extract|--get|--create|--append|--update)$/) ||
    mode === undefined
  )
    port.raise('write')
  const archive = all.includes('f')
    ? args.find((a, i) => i > 0 && (a.text === '-' || !a.text.startsWith('-')))
    : undefined
  if (archive && /^[^/]*:/.test(archive.text)) port.refuse('tar may not reach another machine.')
  if (has(args, /^(-T|--files-from|-X)/) || (all.includes('T') && letters.includes('T')))
    port.raise('write')
  if (mode === 't' || mode === 'd') {
    if (archive) port.path(archive, 'file')
  } else if (mode === 'x' && (all.includes('O') || has(args, /^--to-stdout$/))) {
    if (archive) port.path(archive, 'file')
  } else if (mode === 'c' && (archive === undefined || archive.text === '-')) {
    for (const a of plain(args).slice(letters && !first.startsWith('-') ? 1 : 0))
      port.path(a, 'tree')
  } else {
    port.raise('write')
    for (const a of plain(args).slice(1))
      port.path(a, a === archive && mode !== 'x' ? 'out' : mode === 'x' ? 'file' : 'tree')
  }
  if (has(args, /^(-g|--listed-incremental|--index-file|--volno-file)/)) port.raise('write')
}

const rsync: Judge = (args, port) => {
  if (
    has(
      args,
      /^(-[a-zA-Z]*e|--rsh|--rsync-path|--daemon|--server|--config|--filter|--files-from|--password-file|--early-input|-M|--remote-option)/,
    )
  ) {
    port.refuse('This option of rsync runs another program, or reaches another machine.')
  }
  port.raise(has(args, /^--(del|delete|remove-source-files|delete-[a-z]+)$/) ? 'admin' : 'write')
  const operands = plain(args)
  operands.forEach((a, i) => {
    if (/^[^/]*:/.test(a.text)) port.refuse('rsync may not reach another machine.')
    port.path(a, i === operands.length - 1 && i > 0 ? 'out' : 'tree')
  })
}

const squeeze =
  (name: string): Judge =>
  (args, port) => {
    const toStdout = has(
      args,
      /^(-[a-zA-Z0-9]*[clt][a-zA-Z0-9]*|--stdout|--to-stdout|--list|--test)$/,
    )
    const operands = plain(args)
    if (has(args, /^-[a-zA-Z0-9]*[oS]|^--(output|suffix|files)/)) port.raise('write')
    if (!toStdout && operands.some((o) => o.text !== '-')) return port.listed(name, args)
    for (const a of operands) port.path(a, 'file')
  }
const unzip: Judge = (args, port) => {
  if (!has(args, /^-[a-zA-Z]*[lvtpZ][a-zA-Z]*$/)) port.raise('write')
  const file = plain(args)[0]
  if (file) port.path(file, 'file')
}

const kill: Judge = (args, port) => {
  if (has(args, /^(-l|-L|--list|--table)$/)) return
  port.raise('write')
  const targets = args.filter(
    (a, i) =>
      !(a.text.startsWith('-') && i === 0) &&
      a.text !== '--' &&
      !/^-s$/.test(args[i - 1]?.text ?? ''),
  )
  for (const a of targets) {
    if (/^(-1|0|1|-0)$/.test(a.text))
      port.refuse('This would signal every process, or the first one.', 'Name the process.')
  }
}
const crontab: Judge = (args, port) => {
  if (has(args, /^-[a-z]*l/) && !has(args, /^-[a-z]*[er]/) && plain(args).length <= 1) return
  port.refuse('Jobs that run later are outlived by no approval.', 'Only crontab -l is allowed.')
}
/** Only the question whether a port answers. */
const nc: Judge = (args, port) => {
  const asks =
    has(args, /^-[a-z46]*z[a-z46]*$/) &&
    args.every((a) => !a.text.startsWith('-') || /^-[zvunw46]+[0-9]*$/.test(a.text))
  if (!asks) port.refuse('nc can carry anything anywhere.', 'Only nc -z HOST PORT is allowed.')
  for (const a of plain(args)) if (/[a-z.:]/i.test(a.text) || !isLiteral(a.text)) port.host(a)
}
const pager: Judge = (args, port) => {
  for (const a of args) {
    if (
      a.text.startsWith('+') ||
      /^-[a-zA-Z]*[kToOt]|^--(lesskey|log-file|LOG-FILE|tag)/.test(a.text)
    )
      port.refuse('This option of the pager runs commands or writes.', 'Use cat, head or tail.')
  }
  for (const a of plain(args)) port.path(a, 'file')
}
const man: Judge = (args, port) => {
  for (const a of plain(args)) if (a.text.includes('/')) port.path(a, 'file')
  if (
    has(
      args,
      /^(-[a-zA-Z]*[PCHlTXZt]|--pager|--config-file|--html|--local-file|--troff|--ditroff|--preprocessor|--gxditview|--recode)/,
    )
  )
    port.refuse('This option of man runs another program or reads another file.')
}

/** A version or a usage text, and nothing else. */
export const onlyVersion = (args: readonly Arg[]): boolean =>
  args.length === 1 && /^(--version|--help|-version|-V)$/.test(args[0]?.text ?? '')
const interpreter =
  (name: string): Judge =>
  (args, port) => {
    if (args.length === 1 && /^-v$/.test(args[0]?.text ?? '')) return
    if (plain(args).length === 0)
      port.refuse(
        `${name} without a file would run what it is fed.`,
        'Name a script that was reviewed.',
      )
    port.listed(name, args)
  }
/** A server's binary: only its own look at its configuration is a read, and without options it starts. */
const checks =
  (name: string, option: RegExp): Judge =>
  (args, port) => {
    if (!has(args, option)) port.raise('write')
    for (const a of args) if (/^\/(tmp|var\/tmp|dev\/shm)\//.test(a.text)) port.raise('write')
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
  const [database, ...keys] = plain(args)
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
        /\$ENV|\benv\b|\b(str)?env\(|envsubst|\bload\w*\(|(^|;)\s*(import|include)\s+"/.test(
          a.text,
        ),
      )
    ) {
      port.refuse(
        'This program reads the environment, or further files.',
        'Name the files as arguments.',
      )
    }
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
  port.listed('openssl', args)
}
/** `ps e` in its BSD form shows the environment of every process. */
const ps: Judge = (args, port) => {
  const values =
    /^(-[a-zA-Z]*[oOpuUgGCtqs]|--(format|sort|pid|ppid|user|group|tty|sid|User|Group|cols|columns|lines|rows|width))$/
  args.forEach((a, i) => {
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
  if (words.length === 2 && words[1]?.text === 'status') return
  if (words.length > 0 && words.some((w) => !isLiteral(w.text)))
    port.refuse('What service does is not known before it runs.')
  port.listed('service', args)
}
const rmdirLike =
  (name: string): Judge =>
  (args, port) =>
    port.listed(name, args)

export const special: Readonly<Record<string, Judge>> = {
  rm,
  cp,
  install: cp,
  dd,
  tar,
  bsdtar: tar,
  gtar: tar,
  rsync,
  unzip,
  kill,
  crontab,
  nc,
  less: pager,
  more: pager,
  most: pager,
  man,
  service,
  nginx: checks('nginx', /^-[tTvVhq]+$/),
  haproxy: checks('haproxy', /^-(c|v|vv)$/),
  sshd: checks('sshd', /^-[tT]$/),
  sysctl,
  date,
  getent,
  jq: query('jq'),
  yq: query('yq'),
  openssl,
  hash,
  ps,
  chmod: changeMode('chmod'),
  chown: changeMode('chown'),
  chgrp: changeMode('chgrp'),
  setfacl: rmdirLike('setfacl'),
  grep: grep('grep'),
  egrep: grep('egrep'),
  fgrep: grep('fgrep'),
  rg: searcher,
  ag: searcher,
  ack: searcher,
  ...Object.fromEntries(
    [
      'gzip',
      'gunzip',
      'bzip2',
      'bunzip2',
      'xz',
      'unxz',
      'zstd',
      'unzstd',
      'lz4',
      'lzop',
      'pigz',
    ].map((n) => [n, squeeze(n)]),
  ),
  ...Object.fromEntries(
    [
      'python',
      'python2',
      'python3',
      'perl',
      'ruby',
      'node',
      'nodejs',
      'php',
      'lua',
      'Rscript',
      'deno',
      'bun',
      'tclsh',
    ].map((n) => [n, interpreter(n)]),
  ),
}

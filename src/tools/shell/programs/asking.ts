/** Programs that change things, but for a few ways to ask them something. */
import type { Judge } from '../types.ts'
import { isLiteral } from '../wildcard.ts'
import { has, plain } from './arguments.ts'

/** A question when every option is one of these, one is there, and there are not more operands; else what the table says. */
const asks =
  (name: string, options: RegExp, operands = 100): Judge =>
  (args, port) => {
    const given = args.filter((a) => a.text.startsWith('-'))
    const sure = args.every((a) => isLiteral(a.text)) && plain(args).length <= operands
    if (!sure || given.length === 0 || !given.every((a) => options.test(a.text)))
      port.listed(name, args)
  }
/** What `-v` alone shows is the version. */
const versions = ['gcc', 'g++', 'cc', 'clang', 'mvn', 'npm', 'yarn', 'pnpm', 'gem', 'bundle']

/** Its simulation says what it would do. */
const apt =
  (name: string): Judge =>
  (args, port) => {
    const simulated = has(args, /^(-[qVyu]*s[qVyu]*|--(simulate|just-print|dry-run|no-act|recon))$/)
    const calm = args.every(
      (a) =>
        isLiteral(a.text) &&
        (/^[\w.+:~-]+$/.test(a.text) || a.text === '--') &&
        (!a.text.startsWith('-') ||
          /^(-[sqVyu]+|--(simulate|just-print|dry-run|no-act|recon|quiet|yes|no-install-recommends|with-new-pkgs|autoremove))$/.test(
            a.text,
          )),
    )
    const verb = plain(args)[0]?.text ?? ''
    const known = /^(upgrade|dist-upgrade|full-upgrade|install|remove|purge|autoremove)$/.test(verb)
    if (!simulated || !calm || !known) port.listed(name, args)
  }
/** `t` lists what is in an archive. */
const contents =
  (name: string): Judge =>
  (args, port) => {
    const [how, file, ...more] = args
    if (
      !file ||
      file.text.startsWith('@') ||
      more.length > 0 ||
      !/^-?t[vf]*$/.test(how?.text ?? '')
    )
      return port.listed(name, args)
    port.path(file, 'file')
  }
/** It would go and get what an address names. */
const xmllint: Judge = (args, port) => {
  if (has(args, /^[a-z][a-z+.-]*:\/\//i))
    port.refuse('xmllint may not reach another machine.', 'Name a file.')
  port.listed('xmllint', args)
}

export const asking: Readonly<Record<string, Judge>> = {
  fdisk: asks('fdisk', /^(-[lx]|--list)$/),
  parted: asks('parted', /^(-l|--list)$/, 0),
  tune2fs: asks('tune2fs', /^-l$/),
  dumpe2fs: asks('dumpe2fs', /^-h$/),
  passwd: asks('passwd', /^(-S|--status)$/),
  chage: asks('chage', /^(-l|--list)$/),
  mdadm: asks('mdadm', /^(-D|-Q|-Ds|--detail|--query|--scan|--export|--brief)$/),
  'update-alternatives': asks('update-alternatives', /^--(list|display|query|get-selections)$/),
  alternatives: asks('alternatives', /^--(list|display|query|get-selections)$/),
  ldconfig: asks('ldconfig', /^(-p|--print-cache)$/, 0),
  multipath: asks('multipath', /^-ll?$/),
  auditctl: asks('auditctl', /^-[ls]$/, 0),
  conntrack: asks('conntrack', /^(-[LCS]|--(dump|count|stats))$/, 1),
  rpcinfo: asks('rpcinfo', /^-[ps]$/),
  cpio: asks('cpio', /^(-[itv]*t[itv]*|--list|--quiet)$/, 0),
  apt: apt('apt'),
  'apt-get': apt('apt-get'),
  ar: contents('ar'),
  jar: contents('jar'),
  xmllint,
  ...Object.fromEntries(versions.map((n) => [n, asks(n, /^-v$/, 0)])),
}

/** git and kubectl: subcommands behind global options that must not be trusted. */

import { absolute } from '../paths.ts'
import type { Arg, Judge, Program } from '../types.ts'
import { fromGlob, isLiteral } from '../wildcard.ts'
import { kubectl as kubectlTable } from './tools.ts'

const reading: Program['opts'] = {
  '--output': 'out',
  '--no-index --ext-diff --textconv --filters --open-files-in-pager -O --exec --upload-pack --receive-pack --run':
    'refuse',
  '-n --max-count --since --until --after --before --author --committer --grep --format --pretty --date --skip -S -G --diff-filter --sort --contains --no-contains --points-at --merged --no-merged -L --abbrev -U --unified':
    'value',
  '--no-ext-diff --no-textconv': 'flag',
  '--lost-found': 'write',
  '--contents --exclude-from -X --exclude-per-directory': 'file',
}
const log: Program = { args: 'file', opts: reading }
const lists: Program = {
  args: 'text',
  strict: 'write',
  max: 0,
  opts: {
    '-a -r -v -vv --list -l --all --remotes --show-current --no-color --color --column --no-column -i --ignore-case --no-abbrev --omit-empty --merged --no-merged':
      'flag',
    '--sort --format --contains --no-contains --points-at --abbrev -n': 'value',
  },
}
const write: Program = {
  effect: 'write',
  opts: { '--upload-pack --receive-pack --exec -x -u --template': 'refuse=' },
}
const admin: Program = { effect: 'admin', opts: { '--receive-pack --exec': 'refuse=' } }
const denied: Program = { refuse: 'it runs other programs.' }

const table: Program = {
  opts: {
    '--no-pager -P -p --paginate --bare --literal-pathspecs --glob-pathspecs --noglob-pathspecs --icase-pathspecs --no-optional-locks --no-replace-objects --version --help':
      'flag',
    '-C': 'meta',
    '--git-dir --work-tree --namespace': 'meta',
    '--exec-path --config-env --super-prefix --attr-source': 'refuse=',
  },
  sub: {
    'log show diff status blame annotate shortlog describe rev-parse rev-list ls-files ls-tree cat-file name-rev grep count-objects for-each-ref merge-base diff-tree diff-index diff-files whatchanged cherry verify-commit verify-tag check-ignore check-attr show-ref show-branch range-diff version var fsck':
      log,
    help: { opts: { '-w --web -i --info': 'refuse' } },
    'branch tag': lists,
    remote: {
      sub: { 'show get-url': { opts: {} } },
      rest: 'write',
      opts: { '-v --verbose': 'flag' },
    },
    stash: { sub: { 'list show': log }, rest: 'write', bare: 'write' },
    reflog: {
      sub: { 'show exists': log, 'expire delete drop': { effect: 'admin' } },
      rest: 'read',
    },
    worktree: { sub: { list: { opts: {} } }, rest: 'write' },
    submodule: {
      sub: { 'status summary': { opts: {} }, foreach: denied },
      rest: 'write',
      opts: { '-q --quiet --cached --recursive': 'flag' },
    },
    notes: { sub: { 'list show': log }, rest: 'write' },
    config: {
      strict: 'write',
      max: 1,
      args: 'text',
      opts: {
        '--get --get-all --get-regexp --list -l --show-origin --show-scope --global --local --system --worktree --name-only -z --bool --int':
          'flag',
        '-e --edit': 'refuse',
        '-f --file --blob': 'file',
      },
    },
    'ls-remote': {
      strict: 'write',
      opts: {
        '--heads -h -b --branches --tags -t --refs -q --quiet --exit-code --get-url --symref':
          'flag',
        '--sort': 'value',
        '--upload-pack --exec -o --server-option': 'refuse=',
      },
    },
    'symbolic-ref': { max: 1, strict: 'write', opts: { '--short -q': 'flag' } },
    'merge-tree pull fetch checkout switch restore add commit merge cherry-pick revert mv rm init clone push apply am gc prune repack bundle archive update-index update-ref pack-refs sparse-checkout format-patch':
      write,
    'reset clean': admin,
    rebase: { effect: 'write', opts: { '-x --exec -i --interactive': 'refuse=' } },
    // `bisect view X` runs git X.
    bisect: { sub: { log: { opts: {} }, run: denied }, rest: 'write' },
    'filter-branch difftool mergetool gui gitk citool instaweb daemon shell credential credential-store credential-cache send-email http-backend http-push upload-pack receive-pack upload-archive remote-ext remote-fd remote-http imap-send web--browse fast-import p4 svn cvsserver maintenance':
      denied,
  },
  bare: 'read',
}
/**
 * Every path that a word of git may mean: `HEAD:path` reads a file out of the history, `:path` out of the index, `:(top)path`
 * and `:/path` are words for paths, and git itself fills in wildcards. What stands before a colon may hold one too.
 */
const pathsIn = (text: string): readonly string[] => {
  if (text.startsWith('-') && !/^-L./.test(text)) return []
  const inside = [...text.matchAll(/:(?:\([^)]*\)|[!^]+)?(?!\/\/)([^:]*)/g)].flatMap((m) => {
    const rest = text.slice((m.index ?? 0) + m[0].length - (m[1]?.length ?? 0))
    return rest === '' ? [] : [rest, rest.replace(/^\/+/, '')]
  })
  const all = text.startsWith('-') ? inside : [text, ...inside]
  return [
    ...inside.filter((p) => p !== ''),
    ...all
      .filter((p) => isLiteral(p) && /[*?[]/.test(p))
      .map((p) => fromGlob(p.replaceAll('**/', '').replace(/\[[^\]]+\]/g, '?'))),
  ]
}
/** `-c` settings that change how things look and nothing else. */
const looks =
  /^(color\.[\w.]+|core\.quotepath|core\.abbrev|log\.(date|decorate|abbrevcommit)|i18n\.\w+)=[\w:-]*$|^(core\.pager|pager\.\w+)=(cat|false)?$/i

export const git: Judge = (args, port) => {
  const kept: Arg[] = []
  let folder = '/~'
  let i = 0
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (!t.startsWith('-')) break
    if (t === '-c') {
      i += 1
      if (!looks.test(args[i]?.text ?? ''))
        port.refuse('git -c can make git run other programs.', 'Leave the setting out.')
      continue
    }
    if (t.startsWith('-c'))
      port.refuse('git -c can make git run other programs.', 'Leave the setting out.')
    const arg = args[i]
    if (arg) kept.push(arg)
    // A repository's own settings run programs: one that anybody could have made is not looked into.
    const place = args[i + 1]?.text ?? ''
    if (t === '-C') folder = absolute(place, folder)
    if (
      /^--(git-dir|work-tree)/.test(t) ||
      (t === '-C' && (!isLiteral(place) || /^\/(tmp|var\/tmp|dev\/shm)(\/|$)/.test(folder)))
    )
      port.raise('write')
    if (/^(-C|--git-dir|--work-tree|--namespace)$/.test(t)) {
      i += 1
      const value = args[i]
      if (value) kept.push(value)
    }
  }
  const rest = args.slice(i)
  if (rest[0]?.text === 'config' && rest[1]?.text === 'edit')
    port.refuse('An editor can start other programs.')
  // Another address than the repository's own could carry data out.
  if (rest[0]?.text === 'ls-remote' && rest.some((a) => !/^[\w.=-]+$/.test(a.text)))
    port.raise('write')
  for (const a of rest) {
    if (/^(ext|fd)::/.test(a.text)) port.refuse('This kind of address makes git run a program.')
    for (const inside of pathsIn(a.text)) port.path({ text: inside, many: a.many }, 'file')
  }
  if (
    /^(branch|tag)$/.test(rest[0]?.text ?? '') &&
    rest
      .slice(1)
      .some((a) => /^(-l|--list|--contains|--merged|--no-merged|--points-at)/.test(a.text)) &&
    !rest.some((a) =>
      /^(-[a-zA-Z]*[dDmMcCfsu]|--(delete|move|copy|force|set-upstream|unset-upstream|edit|sign|track|create))/.test(
        a.text,
      ),
    )
  )
    return
  if (
    /^push$/.test(rest[0]?.text ?? '') &&
    rest.some((a) => /^(-[a-z]*[fd]|--force|--delete|--mirror|--prune|\+)/.test(a.text))
  )
    port.raise('admin')
  port.table(table, [...kept, ...rest], 'git')
}

const secrets = /(^|[,/])secrets?(\.[\w.]*)?([/,]|$)/i
export const kubectl: Judge = (args, port) => {
  if (args.some((a) => secrets.test(a.text))) port.refuse('Secrets of a cluster are not read here.')
  if (
    args.some(
      (a) =>
        !isLiteral(a.text) &&
        !a.text.startsWith('-') &&
        /^(get|describe)$/.test(args[0]?.text ?? '') &&
        a === args[1],
    )
  )
    port.refuse('Which kind of object is read is not known before it runs.')
  if (args.some((a) => /(template|jsonpath|columns)-?file/.test(a.text)))
    port.refuse('A template of kubectl must not come from a file.', 'Write it out.')
  if (args.some((a) => /^--raw/.test(a.text)))
    port.refuse('kubectl --raw goes around what is judged here.')
  port.table(kubectlTable, args, 'kubectl')
}

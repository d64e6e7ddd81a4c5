/** The grammar of disks, kernels and rights: each with the few words that only look, anything else a change. */
import type { Program } from '../types.ts'
import { each, type Table } from './coreutils.ts'

const quiet: Program = {}
const write: Program = { strict: 'write' }
/** Without operands, with these options, a look. */
const shows = (opts: string, values = ''): Program => ({
  strict: 'admin',
  max: 0,
  over: 'admin',
  opts: { [opts]: 'flag', ...(values ? { [values]: 'value' } : {}) },
})
/** A look by subcommands, anything else a change. */
const verbs = (names: string, sub: Program = quiet): Program => ({
  sub: { [names]: sub },
  rest: 'admin',
})
const volumes: Program = {
  strict: 'admin',
  opts: {
    '-a --all -v --verbose --noheadings -m --maps -c --colon -C --columns --unquoted -P --partial':
      'flag',
    '-o --options -O --sort --units --separator -S --select --reportformat': 'value',
  },
}
export const machines: Table = {
  ...each('lvs vgs pvs lvdisplay vgdisplay pvdisplay', volumes),
  zpool: verbs('status list iostat history get'),
  zfs: verbs('list get'),
  btrfs: {
    sub: {
      filesystem: verbs('show df usage'),
      subvolume: verbs('list show'),
      device: verbs('stats usage'),
    },
    rest: 'admin',
  },
  exportfs: shows('-v'),
  showmount: {
    args: 'host',
    strict: 'write',
    opts: { '-e --exports -a --all -d --directories --no-headers': 'flag' },
  },
  ...each('nfsstat nfsiostat getenforce sestatus aa-status lsscsi fc-list pg_lsclusters', {
    ...write,
    max: 0,
    opts: { '-c -s -n -r -m -l -4 -v -a -b': 'flag' },
  }),
  getsebool: quiet,
  lslogins: {
    strict: 'write',
    opts: {
      '-a --acc-expiration -c --colon-separate -e --export -f --failed -G --supp-groups -L --last -n --newline -p --pwd -r --raw -s --system-accs -u --user-accs -z --print0 --noheadings':
        'flag',
      '-g --groups -l --logins -o --output --time-format': 'value',
      '--wtmp-file --btmp-file --lastlog': 'file',
    },
  },
  faillock: { strict: 'write', opts: { '--user': 'value' } },
  quota: { ...write, opts: { '-u -g -s -v -p': 'flag' } },
  repquota: { ...write, opts: { '-a -u -g -s -v -p': 'flag' } },
  ipset: {
    ...verbs('list', { ...write, opts: { '-n -t -name -terse': 'flag' } }),
    opts: { '-n -t -name -terse': 'flag' },
  },
  'nvidia-smi': {
    strict: 'admin',
    opts: {
      '-L --list-gpus -q --query': 'flag',
      '-i --id -d --display --format -l --loop': 'value',
      '--query-gpu --query-compute-apps': 'value',
    },
    max: 0,
    over: 'admin',
  },
  cpupower: verbs('frequency-info idle-info'),
  'tuned-adm': verbs('active list verify'),
  'needs-restarting': { ...write, opts: { '-r -s -u --reboothint --services --useronly': 'flag' } },
  ausearch: {
    strict: 'write',
    opts: {
      '-m --message -ts --start -te --end -k --key -ui -x --executable -sc --syscall -f --file -p --pid -sv --success -a --event --format -c --comm -ua -ul':
        'value',
      '-i --interpret -r --raw': 'flag',
      '-if --input': 'file',
    },
    dash: true,
  },
  aureport: {
    strict: 'write',
    opts: {
      '--summary --failed --success -au --auth -l --login -x --executable -f --file -k --key -e --event -i -t -u --user':
        'flag',
      '-ts --start -te --end': 'value',
      '-if --input': 'file',
    },
    dash: true,
  },
  xfs_info: {},
  postconf: { strict: 'admin', opts: { '-n -d -h -m -l': 'flag' } },
  // Changes, but for what asking.ts lets them be asked; of the servers, their version.
  ...each('multipath auditctl conntrack rpcinfo dumpe2fs', { effect: 'admin' }),
  ...each(
    'jar ld postgres mongod redis-server valkey-server mysqld mariadbd kubelet containerd dockerd etcd varnishd php-fpm prometheus grafana-server consul nomad caddy traefik envoy ncdu turbostat',
    { effect: 'write' },
  ),
  fd: {
    args: 'text meta',
    strict: 'write',
    opts: {
      '-x --exec -X --exec-batch': 'refuse=',
      '-e --extension -t --type -d --max-depth --min-depth -E --exclude -S --size --changed-within --changed-before -o --owner -c --color --max-results':
        'value',
      '-H --hidden -I --no-ignore -u -i --ignore-case -s -g --glob -F -a --absolute-path -l --list-details -L --follow -p --full-path -0 --print0 -1 -q':
        'flag',
    },
  },
  'bat batcat': {
    args: 'file',
    strict: 'write',
    opts: {
      '-p --plain -pp -n --number -A --show-all': 'flag',
      '-r --line-range -l --language --style --color --paging --theme --wrap --tabs -H': 'value',
      '--pager': 'refuse=',
    },
  },
}

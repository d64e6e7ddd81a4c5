/** The grammar of services, networks and machines. */
import type { Program } from '../types.ts'
import { each, type Table } from './coreutils.ts'

const quiet: Program = {}
const unit: Program = {
  opts: {
    '-n --lines -o --output -p --property -P -t --type --state --job-mode': 'value',
  },
}
const systemctlOpts: Program['opts'] = {
  '--user --system --no-pager -l --full -q --quiet -a --all --failed --plain --no-legend --no-ask-password --now -r --recursive --value --show-types --reverse --with-dependencies --no-block --wait':
    'flag',
  '-n --lines -o --output -p --property -P -t --type --state': 'value',
  '-H --host -M --machine': 'refuse=',
  '--root --image': 'refuse=',
}

/** They go on to another machine, or into a container. */
const elsewhere: Program['opts'] = { '-H --host -M --machine': 'refuse=' }

const ipLook: Program = {
  sub: { 'show list lst ls s sh get g help': quiet },
  rest: 'admin',
  bare: 'read',
}
/** `ip link s` and `bridge link s` are `set`, and `bridge vlan g` is what comes before it. */
const wholeLook: Program = {
  sub: { 'show list lst ls sh help': quiet },
  rest: 'admin',
  bare: 'read',
}

export const system: Table = {
  systemctl: {
    opts: systemctlOpts,
    sub: {
      'status show cat list-units list-unit-files list-timers list-sockets list-dependencies list-jobs list-machines list-paths list-automounts is-active is-enabled is-failed is-system-running get-default help whoami':
        unit,
      'start stop restart reload try-restart reload-or-restart try-reload-or-restart reset-failed kill cancel':
        { effect: 'write' },
      'reboot poweroff halt kexec suspend hibernate hybrid-sleep suspend-then-hibernate rescue emergency exit soft-reboot switch-root isolate default':
        { refuse: 'turning a machine off or on again is not for agents.' },
      edit: { refuse: 'it needs an editor; write the file and reload.' },
    },
    rest: 'admin',
  },
  service: { args: 'text', opts: { '--status-all': 'flag' }, max: 0, over: 'write' },
  journalctl: {
    opts: {
      '-n --lines -u --unit -p --priority -S --since -U --until -o --output -g --grep -t --identifier -b --boot -c --cursor --after-cursor --facility --output-fields --user-unit -T --exclude-identifier':
        'value',
      '-i --file': 'file',
      '-D --directory': 'tree',
      '--root --image -M --machine': 'refuse=',
      '--vacuum-size --vacuum-time --vacuum-files': 'admin=',
      '--rotate --flush --sync --relinquish-var --smart-relinquish-var --setup-keys --update-catalog':
        'admin',
      '--cursor-file': 'out',
      '-f --follow --no-pager -x --catalog -k --dmesg -r --reverse -e --pager-end -q --quiet -a --all -l --full --utc --no-hostname -m --merge -F --disk-usage --list-boots --header --verify --case-sensitive --no-full --no-tail --system --user':
        'flag',
    },
  },
  loginctl: {
    opts: elsewhere,
    sub: {
      'list-sessions list-users list-seats session-status show-session user-status show-user seat-status show-seat':
        quiet,
    },
    rest: 'admin',
  },
  hostnamectl: {
    sub: {
      status: quiet,
      'hostname icon-name chassis deployment location': { max: 0, over: 'admin' },
    },
    rest: 'admin',
    opts: { '--static --transient --pretty': 'flag', '--json': 'value', ...elsewhere },
  },
  timedatectl: {
    opts: elsewhere,
    sub: { 'status show list-timezones timesync-status show-timesync': quiet },
    rest: 'admin',
  },
  localectl: {
    opts: elsewhere,
    sub: { 'status list-locales list-keymaps': quiet },
    rest: 'admin',
  },
  resolvectl: {
    sub: {
      'status statistics': quiet,
      'query service openpgp tlsa': { args: 'host' },
      // A second operand is a setting.
      'dns domain default-route llmnr mdns dnsovertls dnssec nta': { max: 1, over: 'admin' },
    },
    rest: 'admin',
  },
  networkctl: { opts: elsewhere, sub: { 'list status lldp': quiet }, rest: 'admin' },
  'systemd-analyze': {
    opts: { '--root --image -H --host -M --machine': 'refuse=' },
    sub: {
      verify: { args: 'file' },
      'time blame critical-chain security calendar timespan timestamp unit-paths dot condition':
        quiet,
    },
    rest: 'write',
  },
  'systemd-cgls systemd-cgtop systemd-path systemd-detect-virt': { opts: elsewhere },
  'systemd-resolve': {
    args: 'host',
    strict: 'admin',
    opts: {
      '--status --statistics -4 -6 --no-pager': 'flag',
      '-t --type -c --class -i --interface -p --protocol': 'value',
    },
  },
  coredumpctl: { sub: { 'list info': quiet }, rest: 'refuse' },
  ...each('systemd-run machinectl systemd-nspawn', {
    refuse: 'it starts processes that nobody here watches.',
  }),
  ip: {
    opts: {
      '-s -stats -statistics -d -details -4 -6 -0 -o -oneline -br -brief -c -color -j -json -p -pretty -h -human -r -resolve -t -timestamp -a -all -f':
        'flag',
      '-b -batch -force': 'refuse=',
      '-n -netns': 'value',
    },
    dash: true,
    sub: {
      'l li lin link': wholeLook,
      'a ad add addr addre address r ro rou rout route n ne nei neig neigh neighbor neighbour ru rul rule maddr maddress mroute tunnel tun xfrm netns vrf ntable token fou sr macsec tcp_metrics':
        ipLook,
      'm monitor': quiet,
      help: quiet,
    },
    rest: 'admin',
  },
  ...each('netstat lnstat', quiet),
  nstat: {
    strict: 'write',
    opts: { '-a -s -z -j -p --noupdate --zeros --ignore --json --pretty': 'flag' },
  },
  ss: {
    opts: {
      '-K --kill': 'admin',
      '-D --diag': 'out',
      '-F --filter': 'file',
      '-f --family -A --query --socket': 'value',
    },
  },
  arp: { opts: { '-d --delete -s --set': 'admin', '-f --file': 'admin' } },
  route: { max: 0, over: 'admin' },
  ifconfig: { max: 1, over: 'admin' },
  iwconfig: { max: 1, over: 'admin' },
  ethtool: {
    max: 1,
    over: 'admin',
    strict: 'admin',
    opts: {
      '-S -i -k -g -a -c -l -m -T -d -e -n -u -x -P -I --statistics --driver --show-features --show-offload --show-ring --show-pause --show-coalesce --show-channels --show-eee --show-fec --show-priv-flags --show-nfc --show-ntuple --show-rxfh --show-rxfh-indir --show-permaddr --show-time-stamping --show-module --module-info --dump-module-eeprom --register-dump --eeprom-dump --include-statistics --json':
        'flag',
    },
  },
  nft: {
    sub: { list: { rest: 'read' } },
    rest: 'admin',
    opts: {
      '-n -a -s -j -nn --handle --numeric --json': 'flag',
      '-f --file -i --interactive': 'refuse=',
    },
  },
  'iptables ip6tables': {
    strict: 'admin',
    opts: {
      '-L --list -S --list-rules -n --numeric -v --verbose -x --exact --line-numbers': 'flag',
      '-t --table -w --wait': 'value',
    },
    args: 'text',
  },
  'iptables-save ip6tables-save': {
    opts: {
      '-f --file': 'out',
      '-t --table': 'value',
      '-c --counters': 'flag',
      '-M --modprobe': 'refuse=',
    },
  },
  ufw: { sub: { 'status version': quiet, show: quiet }, rest: 'admin' },
  'firewall-cmd': {
    strict: 'admin',
    opts: {
      '--state --list-all --list-ports --list-services --get-zones --get-active-zones --get-default-zone --list-all-zones --permanent':
        'flag',
      '--zone': 'value',
    },
  },
  brctl: { sub: { 'show showmacs showstp': quiet }, rest: 'admin' },
  bridge: { sub: { 'link fdb vlan mdb': wholeLook }, rest: 'admin' },
  tc: {
    sub: { 'qdisc class filter': ipLook },
    rest: 'admin',
    opts: { '-s -d -j -p': 'flag', '-b -batch': 'refuse=' },
    dash: true,
  },
  nmcli: {
    sub: {
      'general device connection radio networking': {
        sub: { 'status show list': quiet },
        rest: 'admin',
      },
      'dev d con c g': { sub: { 'status show list': quiet }, rest: 'admin' },
    },
    rest: 'admin',
    opts: { '-t -p -c -e': 'flag', '-f --fields -m': 'value', '-s --show-secrets': 'refuse' },
  },
  // Asking the network: a read, with the host among the facts.
  ...each('ping ping6', {
    args: 'host',
    opts: { '-c -i -W -w -s -t -I -M -Q -p': 'value', '-f': 'refuse' },
  }),
  ...each('traceroute traceroute6 tracepath mtr', {
    args: 'host',
    opts: { '-c -i -m -w -q -p -s': 'value', '-F --filename': 'refuse=' },
  }),
  dig: { args: 'host', opts: { '-f': 'refuse=', '-k': 'refuse=', '-t -p -b -q -c -y': 'value' } },
  host: { args: 'host', opts: { '-t -W -R -N -c': 'value' } },
  nslookup: { args: 'host', dash: true },
  whois: { args: 'host', opts: { '-h -p': 'host' } },
  ...each('curl', {
    effect: 'write',
    args: 'host',
    opts: {
      '-o --output --output-dir -c --cookie-jar -D --dump-header --trace --trace-ascii --stderr --libcurl --etag-save --hsts --alt-svc':
        'out',
      '-K --config -T --upload-file --data-binary@ --cert --key -E --netrc-file -b': 'file',
      '-H --header -X --request -A --user-agent -e --referer -m --max-time --connect-timeout -w --write-out -d --data --data-raw --data-binary --data-urlencode -F --form -u --user --retry --resolve --cacert --interface -x --proxy':
        'value',
      '--unix-socket --abstract-unix-socket': 'refuse=',
    },
  }),
  ...each('wget', {
    effect: 'write',
    args: 'host',
    opts: {
      '-O --output-document -o --output-file -a --append-output -P --directory-prefix': 'out',
      '-e --execute --use-askpass': 'refuse=',
      '-i --input-file --post-file --body-file': 'file',
      '-T --timeout -t --tries -U --user-agent --header --post-data --method': 'value',
    },
  }),
  ...each(
    'ssh scp sftp sshfs mosh ssh-copy-id autossh telnet ftp lftp rsh rlogin rcp socat ncat netcat websocat nmap masscan proxychains tor stunnel',
    { refuse: 'going on to another machine from here is not judged; ask for a target of its own.' },
  ),
  ...each(
    'ssh-keygen ssh-keyscan ssh-add ssh-agent gpg gpg2 gpg-agent age sops vault bao pass keyctl secret-tool certutil pk12util',
    { refuse: 'it handles keys and secrets.' },
  ),
  ...each(
    'tcpdump tshark dumpcap wireshark strace ltrace gdb gdbserver perf bpftrace bpftool crash systemtap stap gcore',
    { refuse: 'it looks into other processes and what they send.' },
  ),
}

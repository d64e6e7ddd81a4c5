/** The grammar of package managers. */
import type { Program } from '../types.ts'
import type { Table } from './coreutils.ts'

const quiet: Program = {}

export const packages: Table = {
  'apt apt-get aptitude': {
    opts: {
      '-y --yes -q --quiet -s --simulate --just-print --dry-run --installed --upgradable -a --all-versions':
        'flag',
      '-o --option -c --config-file': 'refuse=',
      '-t --target-release': 'value',
    },
    sub: {
      'list show search policy depends rdepends changelog moo why why-not versions': quiet,
      update: { effect: 'write' },
    },
    rest: 'admin',
  },
  'apt-cache': {
    sub: { 'policy show search depends rdepends showpkg stats madison pkgnames showsrc': quiet },
    rest: 'write',
    opts: {
      '-o --option -c --config-file': 'refuse=',
      '-p --pkg-cache -s --src-cache': 'out',
    },
  },
  'apt-mark': { sub: { 'showhold showauto showmanual showinstall': quiet }, rest: 'admin' },
  dpkg: {
    strict: 'admin',
    max: 8,
    opts: {
      '-l --list -s --status -L --listfiles -S --search -p --print-avail -V --verify -C --audit --get-selections --print-architecture --version -I --info -c --contents':
        'flag',
    },
  },
  'dpkg-query': {
    opts: { '-f --showformat': 'value', '--admindir --root': 'refuse=', '-W -l -s -L -S': 'flag' },
  },
  rpm: {
    strict: 'admin',
    opts: {
      '-q --query -a --all -i --info -l --list -f --file -c -d --changelog --scripts -R --requires --provides --conflicts --obsoletes --whatprovides --whatrequires -V --verify --last -p':
        'flag',
      '--qf --queryformat': 'value',
      '-e --erase -U --upgrade -F --freshen --import --rebuilddb --initdb --install': 'admin',
      '--eval -E --define -D --pipe --macros --rcfile --load': 'refuse=',
    },
  },
  'yum dnf microdnf zypper': {
    sub: {
      'list info search repolist repoquery provides check-update deplist updateinfo se if lr lu pa what-provides':
        quiet,
      history: { sub: { 'list info userinstalled stats summary': quiet }, rest: 'admin' },
    },
    rest: 'admin',
    opts: {
      '-q -y --quiet --assumeyes --installed --available --all -C': 'flag',
      '--setopt -c --config --installroot --repofrompath': 'refuse=',
      '--enablerepo --disablerepo': 'value',
    },
  },
  apk: {
    sub: { 'info list search policy stats version dot': quiet },
    rest: 'admin',
    opts: {
      '-q -v --quiet --installed --upgradable': 'flag',
      '-U --update-cache --update': 'write',
      '-p --root -X --repository --repositories-file --keys-dir --cache-dir': 'write=',
    },
  },
  pacman: {
    strict: 'admin',
    opts: {
      '-Q -Qi -Qii -Ql -Qs -Qe -Qet -Qo -Qu -Qd -Qdt -Qdtq -Qm -Qn -Qk -Qkk -Qq -Qqe -Qg -Ss -Si -Sii -Sl -Sg':
        'flag',
    },
    dash: true,
  },
  snap: {
    sub: { 'list info find version services changes connections interfaces': quiet },
    rest: 'admin',
  },
  flatpak: { sub: { 'list info search': quiet }, rest: 'admin' },
  brew: {
    sub: { 'list info search outdated deps uses leaves config doctor': quiet },
    rest: 'admin',
  },
}

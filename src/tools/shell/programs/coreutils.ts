/** The grammar of the everyday programs: files, text, and looking at the system. */
import type { Program } from '../types.ts'

export type Table = Readonly<Record<string, Program>>
/** The same entry for several programs. */
export const each = (names: string, program: Program): Table =>
  Object.fromEntries(names.split(' ').map((n) => [n, program]))

const reader: Program = { args: 'file' }
const looker: Program = { args: 'meta' }
const quiet: Program = {}

export const coreutils: Table = {
  ...each(
    'cat tac nl rev fold fmt expand unexpand paste comm cmp base64 base32 hexdump hd od cksum md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum sum crc32 readelf column colrm pr look tsort factor numfmt',
    reader,
  ),
  column: {
    ...reader,
    opts: {
      '-s --separator -o --output-separator -N --table-columns -c --output-width -R --table-right -H --table-hide':
        'value',
    },
  },
  paste: { ...reader, opts: { '-d --delimiters': 'value' } },
  head: { ...reader, opts: { '-n --lines -c --bytes': 'value' } },
  tail: {
    ...reader,
    opts: { '-n --lines -c --bytes -s --sleep-interval --pid --max-unchanged-stats': 'value' },
  },
  wc: { ...reader, opts: { '--files0-from': 'file' } },
  cut: {
    ...reader,
    opts: { '-d --delimiter -f --fields -c --characters -b --bytes --output-delimiter': 'value' },
  },
  join: { ...reader, opts: { '-t -1 -2 -j -o -e -a -v': 'value' } },
  tr: quiet,
  uniq: {
    args: 'file out',
    opts: { '-f --skip-fields -s --skip-chars -w --check-chars': 'value' },
  },
  sort: {
    ...reader,
    opts: {
      '-o --output': 'out',
      '--compress-program': 'refuse=',
      '-k --key -t --field-separator -S --buffer-size --parallel --batch-size --sort': 'value',
      '-T --temporary-directory': 'out',
      '--files0-from': 'refuse=',
      '--random-source': 'file',
    },
  },
  shuf: {
    ...reader,
    opts: {
      '-o --output': 'out',
      '-n --head-count -i --input-range': 'value',
      '--random-source': 'file',
    },
  },
  // Of two folders it shows what is in them, also without -r.
  diff: {
    args: 'tree',
    opts: {
      '-U -C -W --width -I -x --label --unified --context --exclude': 'value',
      '--to-file --from-file -X': 'file',
    },
  },
  diff3: { ...reader, opts: { '--diff-program': 'refuse=', '-L --label': 'value' } },
  sdiff: { args: 'file', opts: { '-o --output': 'out', '--diff-program': 'refuse=' } },
  xxd: { args: 'file out', opts: { '-l -s -c -g -o -cols -len -seek -n': 'value', '-r': 'write' } },
  iconv: { ...reader, opts: { '-o --output': 'out', '-f --from-code -t --to-code': 'value' } },
  dos2unix: { effect: 'write', args: 'out' },
  unix2dos: { effect: 'write', args: 'out' },
  jq: {
    args: 'text file',
    opts: {
      '-f --from-file': 'file',
      '-L --library-path': 'refuse=',
      '--arg --argjson --indent': 'value',
      '--args --jsonargs': 'flag',
    },
  },
  yq: {
    args: 'text file',
    opts: {
      '-i --inplace --in-place': 'write',
      '-s --split-exp': 'write=',
      '-o --output-format -p --input-format -I --indent': 'value',
      '--from-file': 'file',
    },
  },
  xmllint: {
    ...reader,
    opts: {
      '--output -o': 'out',
      '--schema --relaxng --schematron': 'file',
      '--xpath --pattern --encode --maxmem': 'value',
      '--noout --format': 'flag',
      '--shell --noent --xinclude --loaddtd --dtdattr --catalogs --nocatalogs --path --valid --dtdvalid':
        'refuse',
    },
  },
  ...each('nm objdump size strings', {
    ...reader,
    opts: {
      '--plugin': 'refuse=',
      '-n --bytes -t --radix -e --encoding -T --target -j --section -M --disassembler-options -m --architecture -b':
        'value',
    },
  }),
  // Names out of a list that was made at night, as `find` finds them.
  ...each('locate mlocate plocate', {
    strict: 'write',
    args: 'text',
    opts: {
      '-d --database': 'file',
      '-l -n --limit -r --regexp': 'value',
      '-A --all -b --basename -c --count -e --existing -i --ignore-case -0 --null --regex -S --statistics -w --wholename':
        'flag',
    },
  }),
  ...each(
    'ls dir vdir stat du tree namei lsattr getfacl getcap readlink realpath file exa eza',
    looker,
  ),
  ls: {
    ...looker,
    opts: {
      '-I --ignore -w --width -T --tabsize --hide --sort --time --time-style --block-size --color --format --quoting-style --indicator-style':
        'value',
    },
  },
  stat: { ...looker, opts: { '-c --format --printf': 'value' } },
  du: {
    ...looker,
    opts: {
      '-d --max-depth -t --threshold -B --block-size --exclude --time-style': 'value',
      '--files0-from -X --exclude-from': 'file',
    },
  },
  tree: {
    ...looker,
    opts: { '-o': 'out', '-R -H': 'write', '-L -P -I --filelimit --charset --sort': 'value' },
  },
  file: {
    args: 'meta',
    opts: {
      '-C --compile': 'write',
      '-m --magic-file': 'refuse=',
      '-f --files-from': 'file',
      '-F --separator -P --parameter -e --exclude': 'value',
    },
  },
  ...each(
    'basename dirname seq expr sleep true false nproc arch whoami groups logname users tty getconf lsb_release atq locale uptime free vmstat lscpu lsblk lsmem lsmod lsns lsof lslocks lsipc ipcs pidof pgrep pmap pstree pwdx w uname cal ncal printf echo id getent numastat mpstat iostat sar blkid findmnt runlevel hostid tload slabtop ulimit nologin cpuid dmidecode acpi upower uuidgen mcookie bc test',
    quiet,
  ),
  'who users': { args: 'file' },
  'last lastb': {
    opts: { '-f --file': 'file', '-n --limit -s --since -t --until -p --present': 'value' },
  },
  lspci: { opts: { '-i -F -p': 'file', '-A -O': 'refuse=', '-s -d -H': 'value' } },
  lsusb: { opts: { '-D': 'file', '-s -d': 'value' } },
  modinfo: { args: 'meta', opts: { '-F --field -k --set-version -b --basedir': 'value' } },
  pidstat: { opts: { '-e': 'refuse', '-C -G -p -T -U': 'value' } },
  sensors: { opts: { '-s --set': 'admin', '-c --config-file': 'file' } },
  lshw: { dash: true, opts: { '-dump': 'out', '-class -C -c -enable -disable': 'value' } },
  hwinfo: { opts: { '--log --dump-db': 'out', '--save-config': 'write=' } },
  inxi: {
    strict: 'write',
    opts: {
      '-a -A -b -B -C -d -D -E -f -F -G -I -j -J -l -m -M -n -N -o -p -P -r -R -s -S -t -u -v -x -y -z':
        'flag',
    },
  },
  uname: quiet,
  lsof: { opts: { '-p -i -u -c -d -a -t': 'flag', '-D': 'write=' } },
  dmidecode: {
    opts: {
      '--dump-bin': 'out',
      '-d --dev-mem --from-dump': 'file',
      '-s -t --type --string': 'value',
    },
  },
  sar: { opts: { '-o': 'out', '-f': 'file' } },
  blkid: {
    opts: {
      '-g --garbage-collect': 'write',
      '-w': 'out',
      '-c --cache-file': 'file',
      '-o --output -s --match-tag -t --match-token': 'value',
    },
  },
  df: { args: 'meta', opts: { '-t --type -x --exclude-type -B --block-size': 'value' } },
  ps: { opts: { '-o -O -p -u -U -g -C -t --sort --format --pid --user --ppid': 'value' } },
  top: { opts: { '-d -n -p -u -U -o -w': 'value' } },
  htop: { refuse: 'it needs a terminal; use "top -b -n1" or "ps".' },
  date: {
    opts: {
      '-s --set': 'admin=',
      '-d --date -I --iso-8601 --rfc-3339': 'value',
      '-r --reference': 'meta',
      '-f --file': 'file',
    },
  },
  'hostname dnsdomainname domainname': {
    max: 0,
    over: 'admin',
    opts: { '-F --file -b --boot': 'admin' },
  },
  lastlog: {
    strict: 'write',
    opts: { '-u --user -t --time -b --before': 'value', '-h --help': 'flag' },
  },
  swaplabel: { strict: 'admin' },
  lsinitramfs: reader,
  dmesg: {
    opts: {
      '-c --read-clear -C --clear -n --console-level -D --console-off -E --console-on': 'admin',
      '-l --level -f --facility --since --until --time-format': 'value',
      '-F --file -K --kmsg-file': 'file',
    },
  },
  lsblk: { opts: { '-o --output -e --exclude -I --include -x --sort --sysroot': 'value' } },
  mount: {
    max: 0,
    over: 'admin',
    opts: {
      '-a --all -o --options -B --bind -M --move --make-shared --make-private': 'admin',
      '-t --types': 'value',
    },
  },
  findmnt: {
    opts: { '-t --types -o --output -S --source -T --target': 'value', '-F --tab-file': 'file' },
  },
  sysctl: { opts: { '-w --write -p -f --load --system': 'admin' } },
  ...each(
    'umount swapoff mkswap losetup fsck e2fsck resize2fs tune2fs parted fdisk sfdisk cfdisk lvcreate lvremove lvextend vgcreate vgremove pvcreate pvremove mdadm zpool zfs btrfs cryptsetup mknod modprobe insmod rmmod depmod ldconfig setcap useradd userdel usermod groupadd groupdel groupmod adduser deluser addgroup chsh chfn chage gpasswd newgrp vipw visudo update-rc.d chkconfig alternatives update-alternatives update-grub grub-install grub2-mkconfig efibootmgr setenforce semanage setsebool aa-disable apparmor_parser hwclock localedef',
    { effect: 'admin' },
  ),
  passwd: { effect: 'admin' },
  swapon: {
    max: 0,
    over: 'admin',
    opts: { '-a --all': 'admin', '-s --show --summary --noheadings --raw --bytes': 'flag' },
  },
  ...each('shutdown reboot halt poweroff init telinit kexec sysrq', {
    refuse: 'turning a machine off or on again is not for agents.',
  }),
  ...each(
    'mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs wipefs blkdiscard shred srm sgdisk badblocks hdparm',
    { refuse: 'it destroys what no backup here brings back.' },
  ),
  // Changes of files.
  'cp install': {
    effect: 'write',
    opts: {
      '-t --target-directory': 'out',
      '-S --suffix -m --mode -o --owner -g --group': 'value',
      '--strip-program': 'refuse=',
      '-r -R -a --recursive --archive': 'flag',
    },
  },
  mv: {
    effect: 'write',
    args: 'out',
    opts: { '-t --target-directory': 'out', '-S --suffix': 'value' },
  },
  ln: {
    effect: 'write',
    args: 'file out',
    opts: { '-t --target-directory': 'out', '-S --suffix': 'value' },
  },
  link: { effect: 'write', args: 'file out' },
  ...each('mkdir rmdir touch unlink truncate mkfifo fallocate', {
    effect: 'write',
    args: 'out',
    opts: {
      '-m --mode -s --size -d --date -t -l --length -o --offset': 'value',
      '-r --reference': 'meta',
    },
  }),
  ...each('chmod chown chgrp setfacl chattr', {
    effect: 'write',
    args: 'text out',
    opts: { '-R --recursive': 'admin', '--reference': 'meta' },
  }),
  tee: { args: 'out' },
  ...each('split csplit', { effect: 'write', args: 'file' }),
  mktemp: { effect: 'write' },
  sync: { effect: 'write' },
  patch: { effect: 'write' },
  rename: { effect: 'write' },
  ...each('gzip gunzip bzip2 bunzip2 xz unxz zstd unzstd lz4 lzop pigz compress uncompress', {
    effect: 'write',
    args: 'out',
  }),
  ...each('zdiff zcmp', reader),
  ...each('clear reset tput resize', { opts: {} }),
  stty: {
    sub: { 'size speed': quiet },
    rest: 'write',
    opts: { '-F --file': 'out', '-a -g --all --save': 'flag' },
  },
  setterm: { effect: 'write' },
  yes: { refuse: 'its output never ends.' },
}

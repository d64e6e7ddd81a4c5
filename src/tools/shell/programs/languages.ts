/** The grammar of languages, their packages, editors, and what else starts programs. */
import type { Program } from '../types.ts'
import { each, type Table } from './coreutils.ts'

const quiet: Program = {}
const write: Program = { effect: 'write' }
const strictly: Program = { strict: 'write' }

export const languages: Table = {
  // Languages: their version is a read, a file is opaque code that an approver may know, code in the command is refused.
  ...each('python python2 python3 perl ruby node nodejs php lua Rscript deno bun tclsh', {
    effect: 'write',
    args: 'file',
    opts: {
      '-c -e -E -m -p -r -n -i --eval --print -pe -ne -C --require --import -M -I': 'refuse=',
    },
  }),
  ...each('gcc g++ cc clang make cmake cargo rustc mvn gradle dotnet javac java swift', {
    effect: 'write',
  }),
  go: {
    dash: true,
    sub: {
      version: { strict: 'write', opts: { '-m -v': 'flag' } },
      env: { strict: 'write', opts: { '-json -changed': 'flag' } },
      list: {
        strict: 'write',
        opts: { '-m -u -json -deps -test -versions -e -find -retracted': 'flag' },
      },
      vet: write,
    },
    rest: 'write',
    opts: {
      '-w -u': 'write',
      '-toolexec --toolexec -exec --exec -vettool --vettool -overlay --overlay': 'refuse=',
      '-f --f -C -modfile': 'value',
    },
  },
  'npm yarn pnpm': {
    sub: {
      'ls list ll view info outdated root bin prefix why explain search ping v show': strictly,
      audit: { sub: { signatures: strictly }, rest: 'write', strict: 'write' },
      config: { sub: { get: strictly }, rest: 'write' },
    },
    rest: 'write',
    opts: {
      '-g --global --json --depth -a --all -l --long -p --parseable --prod --production --dev --omit --only --include --no-color -s --silent --loglevel -r --recursive -v --version -h --help':
        'flag',
      '--prefix -C --script-shell --userconfig --registry --node-options': 'refuse=',
    },
    bare: 'write',
  },
  'pip pip3': {
    sub: {
      'cache config': { sub: { 'list get info dir': quiet }, rest: 'write' },
      'show debug inspect': quiet,
      'list freeze check index': {
        opts: {
          '--log': 'out',
          '-r --requirement': 'file',
          '-i --index-url --extra-index-url -f --find-links --proxy --trusted-host': 'write=',
        },
      },
    },
    rest: 'write',
    opts: { '--python --config-settings': 'refuse=', '--log': 'out' },
    bare: 'read',
  },
  gem: {
    sub: { 'list search info outdated environment which': quiet },
    rest: 'write',
    opts: { '--config-file': 'refuse=' },
  },
  composer: {
    sub: { 'show outdated licenses validate why': quiet },
    rest: 'write',
    opts: { '-d --working-dir': 'write=' },
  },
  // Editors and pagers need a terminal, and give shells.
  ...each(
    'vi vim nvim view vimdiff ex ed nano emacs pico joe mcedit micro code mc ranger screen tmux byobu dialog whiptail gawk-shell irb ipython expect',
    { refuse: 'it needs a terminal and can start other programs.' },
  ),
  ...each(
    'script scriptreplay parallel start-stop-daemon at batch nohup.out unbuffer rlwrap socat dtach abduco reptyr criu gosu su-exec setpriv pkexec run0 capsh unshare nsenter firejail bwrap qemu-system-x86_64 qemu-img virsh vagrant VBoxManage entr inotifywait incron fswatch daemonize dumb-init tini',
    { refuse: 'it runs other programs in a way that is not judged here.' },
  ),
  ...each('m4 dc ed gnuplot octave troff groff nroff gs convert magick ffmpeg latex tex pdflatex', {
    effect: 'write',
  }),
  ...each('bc', { args: 'file' }),
  ...each('cpio zip unzip ar 7z 7za rar unrar dpkg-deb restore dump pax', { effect: 'write' }),
  unzip: { effect: 'write' },
  zipinfo: { args: 'file' },
  ...each('wall write mesg talk mail mailx sendmail mutt msmtp swaks logger', { effect: 'write' }),
  ...each('renice ionice-set prlimit cpulimit numactl cset', { effect: 'write' }),
  ...each('kill killall pkill skill snice', { effect: 'write' }),
}

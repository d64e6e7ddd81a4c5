#!/bin/sh
# Runs in name spaces of its own: ROOT becomes /, with the machine's programs read-only in it, and sshd runs there as an
# account that may do nothing outside. usage: ROOT=DIR ACCOUNT=UID MAPPED=0|1 sandbox.sh COMMAND...
set -eu
mount --make-rprivate / 2>/dev/null || :
mount --bind "$ROOT" "$ROOT"
cd "$ROOT"
for place in usr bin sbin lib lib32 lib64 opt etc/alternatives; do
  if [ -L "/$place" ]; then
    ln -s "$(readlink "/$place")" "$place"
  elif [ -d "/$place" ]; then
    mkdir -p "$place"
    mount --rbind "/$place" "$place"
    mount -o remount,bind,ro "$place"
  fi
done
mount -t proc proc proc
for device in null zero full random urandom; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir old
pivot_root . old
cd /
umount -l old
rmdir old
ulimit -c 0
ulimit -f 200000
if [ "$MAPPED" = 1 ]; then
  exec unshare -U --map-user="$ACCOUNT" --map-group="$ACCOUNT" setpriv --pdeathsig KILL --no-new-privs "$@"
fi
# Another account forgets the signal that --kill-child asked for.
exec setpriv --pdeathsig KILL --reuid="$ACCOUNT" --regid="$ACCOUNT" --clear-groups --no-new-privs --bounding-set=-all "$@"

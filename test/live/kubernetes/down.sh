#!/bin/bash
# Ends only what up.sh started, by pid; then removes the run's state, its bridge and its cgroups.
RUN=${RUN_DIR:?a folder of one run}
end() { # name, a word of its command line, signal
  local file=$RUN/$1.pid pid; [ -e "$file" ] || return 0
  pid=$(cat "$file"); tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "$2" || return 0
  kill "-${3:-TERM}" "$pid"
  for i in $(seq 100); do
    grep -qE '^State:.[^ZX]' "/proc/$pid/status" 2>/dev/null || break
    [ "$i" = 80 ] && kill -KILL "$pid"; sleep 0.1; done; }
end node unshare KILL
end sched kube-scheduler; end kcm kube-controller-manager; end apiserver kube-apiserver; end etcd etcd
for _ in 1 2 3 4 5 6 7 8 9 10; do
  left=$(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -type d \( -name kubepods -o -name k8s.io \) 2>/dev/null)
  [ -z "$left" ] && break
  # shellcheck disable=SC2086
  find $left -depth -type d -exec rmdir {} + 2>/dev/null; sleep 0.2; done
ip link del kt0 2>/dev/null
rm -rf "$RUN"

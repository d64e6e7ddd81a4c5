#!/bin/bash
# PID 1 of its own PID and mount namespace: when it ends, containerd, shims, containers and mounts all go with it.
set -eu
export PATH=$CACHE/deb/usr/bin:$CACHE/deb/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$CACHE/deb/usr/lib/x86_64-linux-gnu
# Paths that no flag of the kubelet moves are kept inside this namespace.
for d in /var/lib/kubelet /var/log/containers /var/lib/cni; do mkdir -p $d; mount -t tmpfs tmpfs $d; done
mount -t tmpfs -o mode=755 tmpfs /run
containerd --config "$RUN/containerd.toml" >>"$RUN/log/containerd.log" 2>&1 &
c=$!
for _ in $(seq 200); do ctr -a "$RUN/containerd.sock" version >/dev/null 2>&1 && break; kill -0 $c; sleep 0.05; done
ctr -a "$RUN/containerd.sock" -n k8s.io images import "$CACHE/images.tar" >>"$RUN/log/containerd.log" 2>&1
"$CACHE/bin/kubelet" --config="$RUN/kubelet.yaml" --kubeconfig="$RUN/kubelet.kubeconfig" --root-dir="$RUN/kubelet" --cert-dir="$RUN/pki" \
  --hostname-override="$NODE_NAME" --v=1 >>"$RUN/log/kubelet.log" 2>&1 &
stop() { kill $(jobs -p) 2>/dev/null || :; exit 0; }
trap stop TERM INT
wait -n || :

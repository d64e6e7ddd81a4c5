#!/bin/bash
# A real Kubernetes on 127.0.0.1: etcd, API server, controller manager, scheduler, containerd, kubelet; from the Go module
# proxy and Debian packages alone. Needs root, Go and Debian. Binaries are kept in a cache keyed by version (cold: 5 to 10
# minutes on 2 cores); the state of one run lies in RUN_DIR, and down.sh ends it.
#   RUN_DIR, API_PORT, ETCD_PORT, ETCD_PEER, KUBELET_PORT, KUBELET_HEALTH, KCM_PORT, SCHED_PORT   as cluster.ts sets them
#   BUILD_ONLY=1                                                        fills the cache and starts nothing
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=v1.34.4
export CACHE=${COUNTERSIGN_CACHE:-$HOME/.cache/countersign}/kubernetes
export RUN=${RUN_DIR:?a folder of one run} NODE_NAME=127.0.0.1
bin=$CACHE/bin
commands="etcd kube-apiserver kubelet kubectl kube-controller-manager kube-scheduler"
mkdir -p "$bin" "$RUN"/{log,pki,cni,volplugins}
# One builder at a time; who comes second finds everything there.
exec 9>"$CACHE/.lock"; flock 9

# ---- Debian packages, unpacked and not installed: nothing on the system changes
if [ ! -e "$CACHE/deb/.done" ]; then
  rm -rf "$CACHE/deb"; mkdir -p "$CACHE/deb" "$CACHE/debs"; chmod 777 "$CACHE/debs"
  apt-cache show containerd >/dev/null 2>&1 || apt-get update -qq
  (cd "$CACHE/debs" && apt-get download -qq containerd runc busybox-static containernetworking-plugins libseccomp2)
  for deb in "$CACHE"/debs/*.deb; do dpkg-deb -x "$deb" "$CACHE/deb"; done
  touch "$CACHE/deb/.done"
fi
[ -e "$CACHE/images.tar" ] || python3 "$here/image.py" "$CACHE/deb/bin/busybox" "$CACHE/images.tar"

# ---- Kubernetes and the etcd that its go.mod names, in one build
package() { case $1 in etcd) echo go.etcd.io/etcd/server/v3 ;; *) echo "k8s.io/kubernetes/cmd/$1" ;; esac; }
missing=""
for c in $commands; do [ -x "$bin/$c-$version" ] || missing="$missing $(package "$c")"; done
if [ -n "$missing" ]; then
  export PATH=/usr/local/go/bin:$PATH CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
  src=$CACHE/src-$version; mkdir -p "$src/out"; cd "$src"
  module=$(cd / && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  { echo "module kubebin"; echo
    sed -n 's/^\(go [0-9.]*\)$/\1/p;s/^\(godebug .*\)$/\1/p' "$module/go.mod"
    echo "require k8s.io/kubernetes $version"; echo "replace ("
    sed -n 's#^\t\(k8s.io/[a-z0-9-]*\) => ./staging/.*#\t\1 => \1 v0'"${version#v1}"'#p' "$module/go.mod"; echo ")"; } >go.mod
  cp "$module/go.sum" go.sum; chmod u+w go.sum
  v=k8s.io/component-base/version; minor=${version#v1.}; minor=${minor%%.*}
  # shellcheck disable=SC2086
  nice go build -mod=mod -trimpath -o out/ -ldflags "-s -w -X $v.gitVersion=$version -X $v.gitMajor=1 -X $v.gitMinor=$minor -X $v.gitTreeState=clean -X $v.buildDate=2026-01-01T00:00:00Z" $missing
  for c in $commands; do f=out/$c; [ "$c" = etcd ] && f=out/server; [ ! -e "$f" ] || mv "$f" "$bin/$c-$version"; done
fi
for c in $commands; do ln -sfn "$c-$version" "$bin/$c"; done
flock -u 9
[ -z "${BUILD_ONLY:-}" ] || exit 0

# ---- keys and certificates
cd "$RUN/pki"
if [ ! -e .done ]; then
  key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }
  key ca
  openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 2 -out ca.crt -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  cert() { # name subject usage [names]
    key "$1"; openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
    printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s\n' "$3" "${4:+subjectAltName=$4}" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 2 -extfile "$1.ext" -out "$1.crt" 2>/dev/null; }
  cert apiserver /CN=kube-apiserver serverAuth IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
  cert kubelet-server "/CN=$NODE_NAME" serverAuth "IP:127.0.0.1,DNS:localhost,DNS:$NODE_NAME"
  cert admin /O=system:masters/CN=admin clientAuth
  cert apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  cert node "/O=system:nodes/CN=system:node:$NODE_NAME" clientAuth
  cert kcm /CN=system:kube-controller-manager clientAuth
  cert sched /CN=system:kube-scheduler clientAuth
  key sa; openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
  printf '%s\n' 'admin-token,admin,u-admin,"system:masters"' 'gateway-token,gateway,u-gateway,"gateways"' 'narrow-token,narrow,u-narrow,"narrow"' >tokens.csv
  config() { printf 'apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: "https://127.0.0.1:%s", certificate-authority: %s}\nusers:\n- name: u\n  user: {client-certificate: %s, client-key: %s}\ncontexts:\n- name: x\n  context: {cluster: c, user: u}\ncurrent-context: x\n' "$API_PORT" "$RUN/pki/ca.crt" "$RUN/pki/$1.crt" "$RUN/pki/$1.key" >"$2"; }
  config admin "$RUN/admin.kubeconfig"; config node "$RUN/kubelet.kubeconfig"; config kcm "$RUN/kcm.kubeconfig"; config sched "$RUN/sched.kubeconfig"
  touch .done
fi
cd /

# ---- processes. A dead child may stay a zombie, so its state is read instead of `kill -0`.
alive() { [ -e "$RUN/$1.pid" ] && grep -qE '^State:.[^ZX]' "/proc/$(cat "$RUN/$1.pid")/status" 2>/dev/null; }
start() { local n=$1; shift; setsid "$@" >>"$RUN/log/$n.log" 2>&1 </dev/null 9>&- & echo $! >"$RUN/$n.pid"; }
wait_for() { local n=$1 end=$((SECONDS + $2)); shift 2
  until "$@" >/dev/null 2>&1; do
    alive "$n" || { tail -5 "$RUN/log/$n.log" >&2; echo "$n ended" >&2; exit 1; }
    [ $SECONDS -lt $end ] || { tail -5 "$RUN/log/$n.log" >&2; echo "$n is not ready" >&2; exit 1; }
    sleep 0.1; done; }
api() { curl -fs --cacert "$RUN/pki/ca.crt" --cert "$RUN/pki/admin.crt" --key "$RUN/pki/admin.key" "https://127.0.0.1:$API_PORT$1"; }
alive etcd || { start etcd "$bin/etcd" --unsafe-no-fsync --data-dir="$RUN/etcd" --listen-client-urls="http://127.0.0.1:$ETCD_PORT" --advertise-client-urls="http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls="http://127.0.0.1:$ETCD_PEER" --initial-advertise-peer-urls="http://127.0.0.1:$ETCD_PEER" --initial-cluster="default=http://127.0.0.1:$ETCD_PEER"
  wait_for etcd 30 curl -fs "http://127.0.0.1:$ETCD_PORT/health"; }
alive apiserver || { start apiserver "$bin/kube-apiserver" --etcd-servers="http://127.0.0.1:$ETCD_PORT" --bind-address=127.0.0.1 --secure-port="$API_PORT" --advertise-address=127.0.0.1 \
    --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/24 --authorization-mode=Node,RBAC --anonymous-auth=true --allow-privileged=true \
    --client-ca-file="$RUN/pki/ca.crt" --tls-cert-file="$RUN/pki/apiserver.crt" --tls-private-key-file="$RUN/pki/apiserver.key" --token-auth-file="$RUN/pki/tokens.csv" \
    --kubelet-client-certificate="$RUN/pki/apiserver-kubelet-client.crt" --kubelet-client-key="$RUN/pki/apiserver-kubelet-client.key" --kubelet-certificate-authority="$RUN/pki/ca.crt" --kubelet-preferred-address-types=InternalIP,Hostname \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$RUN/pki/sa.pub" --service-account-signing-key-file="$RUN/pki/sa.key" \
    --enable-admission-plugins=NodeRestriction --profiling=false --v=1
  wait_for apiserver 120 api /readyz; }
# Without it there are no default service accounts, and namespaces never go.
alive kcm || { start kcm "$bin/kube-controller-manager" --kubeconfig="$RUN/kcm.kubeconfig" --bind-address=127.0.0.1 --secure-port="$KCM_PORT" --leader-elect=false \
    --use-service-account-credentials=true --service-account-private-key-file="$RUN/pki/sa.key" --root-ca-file="$RUN/pki/ca.crt"
  wait_for kcm 30 curl -fsk "https://127.0.0.1:$KCM_PORT/healthz"; }
alive sched || { start sched "$bin/kube-scheduler" --kubeconfig="$RUN/sched.kubeconfig" --bind-address=127.0.0.1 --secure-port="$SCHED_PORT" --leader-elect=false
  wait_for sched 30 curl -fsk "https://127.0.0.1:$SCHED_PORT/healthz"; }

# ---- the node: containerd and kubelet in a PID and mount namespace of their own, so that one SIGKILL ends all of it
node_ready() { curl -fs "http://127.0.0.1:$KUBELET_HEALTH/healthz" >/dev/null && api "/api/v1/nodes/$NODE_NAME" | grep -q KubeletReady; }
alive node || {
  . "$here/containerd.sh" >"$RUN/containerd.toml"
  cat >"$RUN/cni/10-net.conflist" <<T
{"cniVersion":"0.4.0","name":"kt","plugins":[{"type":"bridge","bridge":"kt0","isGateway":false,"ipMasq":false,"ipam":{"type":"host-local","dataDir":"$RUN/cni-ipam","ranges":[[{"subnet":"10.123.0.0/20"}]]}}]}
T
  cat >"$RUN/kubelet.yaml" <<T
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 127.0.0.1
port: $KUBELET_PORT
healthzBindAddress: 127.0.0.1
healthzPort: $KUBELET_HEALTH
readOnlyPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $RUN/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $RUN/pki/kubelet-server.crt
tlsPrivateKeyFile: $RUN/pki/kubelet-server.key
containerRuntimeEndpoint: unix://$RUN/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: ["pods"]
makeIPTablesUtilChains: false
localStorageCapacityIsolation: false
podLogsDir: $RUN/podlogs
volumePluginDir: $RUN/volplugins
resolvConf: ""
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
registerNode: true
nodeStatusUpdateFrequency: 5s
syncFrequency: 10s
shutdownGracePeriod: 0s
enableServer: true
T
  start node unshare --mount --pid --fork --kill-child --mount-proc --propagation private bash "$here/node.sh"; }
wait_for node 60 node_ready

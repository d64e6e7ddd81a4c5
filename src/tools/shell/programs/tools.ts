/** The grammar of developers' and operators' tools: containers, version control, languages, data stores. */
import type { Program } from '../types.ts'
import { each, type Table } from './coreutils.ts'

const quiet: Program = {}
const write: Program = { effect: 'write' }
const admin: Program = { effect: 'admin' }
const format: Program = {
  opts: { '-f --filter --format -n --last -t --tail --since --until -o --sort': 'value' },
}
const held: Program = {
  refuse:
    'its environment may hold secrets; name the fields with --format, as in --format "{{.State.Status}}".',
}
const dataStore =
  'data stores are reached by targets of their own, where policy and masking know the columns.'

const containers: Program = {
  opts: {
    '-D --debug --tls --tlsverify': 'flag',
    '-H --host -c --context --config --tlscacert --tlscert --tlskey --connection --url': 'refuse=',
    // Of podman and nerdctl, wherever they stand: other programs that they start, and other places that they look in.
    '--runtime --conmon --hooks-dir --network-cmd-path --module --identity --ssh --root --runroot --imagestore --storage-opt --tmpdir --registries-conf --address --cni-path --data-root --hosts-dir':
      'refuse=',
    '-l --log-level': 'value',
  },
  sub: {
    'ps images logs top port stats version events history search diff wait': format,
    info: quiet,
    inspect: held,
    container: {
      sub: {
        'ls list ps logs top port stats diff': format,
        inspect: held,
        'start stop restart pause unpause kill rename update': write,
      },
      rest: 'admin',
    },
    image: { sub: { 'ls list history': format, inspect: held, 'pull tag': write }, rest: 'admin' },
    volume: { sub: { 'ls list inspect': format, create: write }, rest: 'admin' },
    network: {
      sub: { 'ls list inspect': format, 'create connect disconnect': write },
      rest: 'admin',
    },
    system: { sub: { 'df info events': format }, rest: 'admin' },
    context: { sub: { 'ls show': quiet }, rest: 'admin' },
    'node stack service': { sub: { 'ls ps logs services': format }, rest: 'admin' },
    pod: { sub: { 'ps ls list logs stats top': format }, rest: 'admin' },
    'buildx builder': { sub: { 'ls version du': format }, rest: 'admin' },
    compose: {
      opts: {
        '-f --file --env-file': 'file',
        '--project-directory': 'meta',
        '-p --project-name --profile --ansi --progress': 'value',
        '--compatibility --dry-run': 'flag',
      },
      sub: {
        'ps logs top images ls version port events stats': format,
        config: held,
        'start stop restart pause unpause pull': write,
        'exec run': {
          refuse: 'a command in a container of compose is not judged; use docker exec.',
        },
      },
      rest: 'admin',
    },
    'start stop restart pause unpause kill rename update pull tag cp': write,
    'swarm secret config plugin trust login logout push save load import export commit attach run create build':
      {
        ...admin,
        opts: {
          '--privileged': 'refuse',
          '-v --volume --mount --device --pid --cap-add --security-opt --userns --ipc': 'admin=',
        },
      },
  },
  rest: 'admin',
}

const kubeNames = 'the gateway has targets for clusters; use kube_get, kube_logs or kube_change.'
export const kubectl: Program = {
  opts: {
    '-n --namespace -l --selector -o --output --field-selector --context --cluster --sort-by -L --label-columns -c --container --tail --since --since-time --request-timeout --limit --chunk-size --api-group --for --max-log-requests --types --subresource --prefix -v --v':
      'value',
    '-A --all-namespaces --show-labels --no-headers -w --watch --previous -p --timestamps --all-containers --show-kind -R --recursive --ignore-not-found -f --follow --show-events --namespaced --containers':
      'flag',
    '--kubeconfig --token --as --as-group --as-uid -s --server --certificate-authority --client-key --client-certificate --user --password --username --raw --insecure-skip-tls-verify --cache-dir --profile-output --tls-server-name --log-file':
      'refuse=',
    '--filename -k --kustomize': 'file',
  },
  sub: {
    'get describe': { strict: 'write', opts: { '-f --filename -k --kustomize': 'refuse=' } },
    'logs top explain api-resources api-versions version events options': quiet,
    'cluster-info': { sub: {}, rest: 'refuse' },
    config: { sub: { 'current-context get-contexts get-clusters': quiet }, rest: 'refuse' },
    auth: { sub: { 'can-i whoami': quiet }, rest: 'refuse' },
    rollout: { sub: { 'status history': quiet }, rest: 'refuse' },
  },
  rest: 'refuse',
}

export const tools: Table = {
  'docker podman nerdctl': containers,
  'docker-compose podman-compose': { ...(containers.sub?.compose ?? quiet) },
  crictl: {
    sub: {
      'ps pods images stats statsp info version logs imagefsinfo': format,
      'inspect inspectp inspecti': held,
    },
    rest: 'admin',
    opts: { '-r -i --runtime-endpoint --image-endpoint -c --config': 'refuse=' },
  },
  ctr: { rest: 'admin', sub: { version: quiet } },
  helm: {
    sub: {
      'list ls history version search': {
        opts: { '-n --namespace -o --output -f --filter': 'value' },
      },
      // In another form than the table it shows the values that it was set up with.
      status: { opts: { '-n --namespace --revision': 'value', '-o --output': 'refuse=' } },
      env: { refuse: 'it can hold a token.' },
      repo: { sub: { list: quiet }, rest: 'admin' },
    },
    rest: 'refuse',
    opts: {
      '-n --namespace --kube-context': 'value',
      '--kubeconfig --kube-token --kube-apiserver --kube-as-user --kube-as-group --kube-ca-file --kube-tls-server-name --kube-insecure-skip-tls-verify --post-renderer --registry-config --repository-config':
        'refuse=',
      '-A -a --all-namespaces': 'flag',
    },
  },
  ...each('oc k9s stern istioctl argocd flux', { refuse: kubeNames }),
  'terraform tofu': { sub: { version: quiet }, rest: 'admin' },
  ...each('pulumi ansible ansible-playbook ansible-vault salt puppet chef-client', {
    effect: 'admin',
  }),
  ...each('aws gcloud az gsutil doctl hcloud linode-cli ibmcloud oci s3cmd rclone mc', {
    refuse: 'clouds are not reached from here; their accounts are not judged.',
  }),
  openssl: {
    dash: true,
    // Code that it loads, and files that it stirs in or writes, wherever it looks.
    opts: {
      '-engine -provider -provider-path -provparam': 'refuse=',
      '-rand': 'file',
      '-writerand': 'out',
    },
    sub: {
      x509: {
        opts: {
          '-in -CAfile -CApath -inform -outform -nameopt -certopt -checkend -checkhost -checkip -checkemail -ext -dateopt':
            'value',
          '-out -CAserial': 'out',
          '-signkey -key -CAkey -force_pubkey -CA -req -extfile -set_serial': 'refuse=',
        },
      },
      'crl req': {
        opts: {
          '-in -inform -outform -nameopt -reqopt': 'value',
          '-out -keyout': 'out',
          '-key -new -newkey -x509 -config -signkey': 'refuse=',
        },
      },
      verify: {
        opts: {
          '-CAfile -CApath -untrusted -trusted -purpose -partial_chain': 'value',
        },
      },
      'version list ciphers errstr prime': quiet,
      s_client: {
        // Some of the rest send a file out, write one, or load code.
        strict: 'write',
        opts: {
          '-connect -proxy -host': 'host',
          '-servername -verify -CAfile -CApath -starttls -port -alpn -ciphersuites -cipher -curves -groups -sigalgs -verify_hostname -verify_ip -verify_depth -min_protocol -max_protocol -xmpphost -name -nameopt':
            'value',
          '-showcerts -brief -status -noservername -prexit -quiet -ign_eof -no_ign_eof -verify_return_error -verify_quiet -tlsextdebug -state -msg -crlf -4 -6 -tls1 -tls1_1 -tls1_2 -tls1_3 -no_tls1 -no_tls1_1 -no_tls1_2 -no_tls1_3 -ssl3 -no_ssl3 -dtls -debug -security_debug -servername_only -partial_chain -x509_strict -crl_check -reconnect -no-CAfile -no-CApath -bugs -legacy_renegotiation -trace':
            'flag',
          '-key -cert -pass -keylogfile -sess_out -msgfile -cert_chain -early_data -psk': 'refuse=',
        },
      },
      'dgst sha256 sha1 md5 sha512': {
        args: 'file',
        opts: {
          '-out': 'out',
          '-sign -hmac -prverify -macopt -mac -passin': 'refuse=',
        },
      },
      rand: { opts: { '-out': 'out' } },
    },
    rest: 'refuse',
  },
  nginx: {
    opts: {
      '-t -T -v -V -q -h': 'flag',
      '-s': 'write=',
      '-c -p': 'file',
      '-e': 'out',
      '-g': 'refuse=',
    },
    strict: 'write',
    bare: 'read',
  },
  'apachectl apache2ctl httpd': {
    opts: {
      '-t -S -M -v -V -l -L': 'flag',
      '-k': 'write=',
      '-f -c -C -d -e -E': 'refuse=',
      '-D': 'value',
    },
    strict: 'write',
    sub: { 'configtest status fullstatus': quiet, 'start restart graceful stop': write },
    rest: 'admin',
  },
  haproxy: { opts: { '-c -v -vv -q -V': 'flag', '-f': 'file' }, strict: 'write' },
  named: { effect: 'admin' },
  'named-checkconf named-checkzone sshd-config-test': { args: 'text' },
  sshd: { opts: { '-t -T': 'flag', '-f -h': 'refuse=', '-C': 'value' }, strict: 'admin' },
  pg_isready: {
    opts: { '-h --host': 'host', '-p --port -U --username -d --dbname -t --timeout': 'value' },
  },
  ...each(
    'psql mysql mariadb sqlite sqlite3 mongo mongosh clickhouse-client cqlsh sqlplus pg_dump pg_dumpall mysqldump pg_restore mongodump mysqladmin createdb dropdb createuser dropuser influx etcdctl cockroach usql litecli pgcli mycli duckdb',
    { refuse: dataStore },
  ),
  'redis-cli valkey-cli': {
    opts: {
      '-h -p -n': 'value',
      '--no-auth-warning --raw --csv --json -2 -3': 'flag',
      '-a --pass -u --eval --user --rdb --functions-rdb --pipe --cluster -x -X --key --cert -r':
        'refuse=',
    },
    sub: {
      'ping PING info INFO dbsize DBSIZE lastsave LASTSAVE role ROLE time TIME': quiet,
      'slowlog SLOWLOG memory MEMORY latency LATENCY client CLIENT': {
        sub: {
          'get GET len LEN stats STATS doctor DOCTOR latest LATEST list LIST info INFO': quiet,
        },
        rest: 'refuse',
      },
    },
    rest: 'refuse',
    bare: 'refuse',
  },
  rabbitmqctl: {
    sub: {
      'status list_queues list_exchanges list_bindings list_connections list_channels list_consumers list_vhosts list_users cluster_status node_health_check ping version report':
        { opts: { '-p --vhost': 'value' } },
    },
    rest: 'admin',
    opts: { '-n --node -t': 'value', '-q --quiet -s --silent': 'flag' },
  },
  supervisorctl: {
    sub: {
      'status pid version avail tail maintail': { opts: {} },
      'start stop restart signal': write,
      'update reread reload shutdown add remove': admin,
    },
    rest: 'admin',
    opts: { '-c --configuration -s --serverurl -u -p': 'refuse=' },
  },
  pm2: {
    sub: {
      'list ls l status info describe logs version': quiet,
      'restart reload start stop': write,
      env: held,
    },
    rest: 'admin',
  },
  'fail2ban-client': { sub: { status: quiet, version: quiet, ping: quiet }, rest: 'admin' },
  'exim mailq postqueue': { opts: { '-p -j -bp': 'flag' }, strict: 'admin' },
  logrotate: { effect: 'admin' },
  nvme: {
    sub: {
      'list list-subsys version smart-log error-log fw-log id-ctrl id-ns list-ns list-ctrl show-regs':
        { opts: { '-o --output-format -n --namespace-id': 'value' } },
    },
    rest: 'admin',
  },
  smartctl: {
    opts: {
      '-a -i -H -A -x -c -l --all --info --health --attributes --scan': 'flag',
      '-d': 'value',
    },
    strict: 'admin',
  },
  ntpq: {
    opts: { '-n -p -4 -6 --numeric --peers': 'flag', '-c --command': 'write=' },
    sub: { 'peers associations readvar rv': quiet },
    rest: 'admin',
  },
  chronyc: {
    sub: { 'tracking sources sourcestats activity ntpdata': quiet },
    rest: 'admin',
    opts: { '-n -c': 'flag' },
  },
}

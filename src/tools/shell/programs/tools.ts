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
    'node stack service': { sub: { 'ls ps logs': format }, rest: 'admin' },
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
    '-n --namespace -l --selector -o --output --field-selector --context --cluster --sort-by -L --label-columns -c --container --tail --since --since-time --request-timeout --limit --chunk-size --api-group --for --max-log-requests --types --subresource --prefix':
      'value',
    '-A --all-namespaces --show-labels --no-headers -w --watch --previous -p --timestamps --all-containers --show-kind -R --recursive --ignore-not-found -f --follow --show-events --namespaced --containers':
      'flag',
    '--kubeconfig --token --as --as-group --as-uid -s --server --certificate-authority --client-key --client-certificate --user --password --username --raw --insecure-skip-tls-verify --cache-dir --profile-output --tls-server-name --log-file':
      'refuse=',
    '--filename -k --kustomize': 'file',
  },
  sub: {
    'get describe': { opts: { '-f --filename': 'refuse=' } },
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
      'list ls status history version search env': {
        opts: { '-n --namespace -o --output -f --filter': 'value' },
      },
      repo: { sub: { list: quiet }, rest: 'admin' },
    },
    rest: 'refuse',
    opts: {
      '-n --namespace --kube-context': 'value',
      '--kubeconfig --kube-token --kube-apiserver --post-renderer': 'refuse=',
      '-A -a --all-namespaces': 'flag',
    },
  },
  ...each('oc k9s stern istioctl argocd flux', { refuse: kubeNames }),
  ...each('terraform tofu pulumi ansible ansible-playbook ansible-vault salt puppet chef-client', {
    effect: 'admin',
  }),
  ...each('aws gcloud az gsutil doctl hcloud linode-cli ibmcloud oci s3cmd rclone mc', {
    refuse: 'clouds are not reached from here; their accounts are not judged.',
  }),
  openssl: {
    dash: true,
    sub: {
      x509: {
        opts: {
          '-in -CAfile -CApath -inform -outform -nameopt -certopt -checkend -checkhost -checkip -checkemail -ext -dateopt':
            'value',
          '-out -CAserial': 'out',
          '-signkey -key -CAkey -force_pubkey -CA -engine -provider -req -extfile -set_serial':
            'refuse=',
        },
      },
      'crl req': {
        opts: {
          '-in -inform -outform -nameopt -reqopt': 'value',
          '-out -keyout': 'out',
          '-key -new -newkey -x509 -config -engine -provider -signkey': 'refuse=',
        },
      },
      verify: {
        opts: {
          '-CAfile -CApath -untrusted -trusted -purpose -partial_chain': 'value',
          '-engine -provider': 'refuse=',
        },
      },
      'version list ciphers errstr prime': quiet,
      s_client: {
        opts: {
          '-connect -proxy -host': 'host',
          '-servername -verify -CAfile -CApath -starttls -port -alpn': 'value',
          '-key -cert -engine -provider -pass -keylogfile -sess_out -msgfile -cert_chain':
            'refuse=',
        },
      },
      'dgst sha256 sha1 md5 sha512': {
        args: 'file',
        opts: {
          '-out': 'out',
          '-sign -hmac -engine -provider -prverify -macopt -mac -passin': 'refuse=',
        },
      },
      rand: { opts: { '-out -writerand': 'out', '-engine -provider': 'refuse=', '-rand': 'file' } },
    },
    rest: 'refuse',
  },
  nginx: {
    opts: { '-t -T -v -V -q -h': 'flag', '-s': 'write=', '-c -p -e': 'file', '-g': 'refuse=' },
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
  'smartctl nvme': {
    opts: {
      '-a -i -H -A -x -c -l --all --info --health --attributes --scan': 'flag',
      '-d': 'value',
    },
    strict: 'admin',
  },
  'ntpq chronyc': {
    sub: { 'tracking sources sourcestats activity ntpdata': quiet },
    rest: 'admin',
    opts: { '-n -p -c': 'flag' },
  },
}

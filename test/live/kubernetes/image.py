#!/usr/bin/env python3
"""image.py BUSYBOX OUT.tar: a docker archive with two images made of a static busybox, so that no registry is needed."""
import hashlib, io, json, sys, tarfile
bb, out = sys.argv[1], sys.argv[2]
data = open(bb, 'rb').read()
APPLETS = ("sh ash cat echo ls sleep date env printf id pwd ps kill true false test [ grep sed awk head tail wc "
           "sort uniq tr cut tee mkdir rm cp mv ln touch chmod stat df du mount hostname uname nc wget httpd top vi "
           "seq yes dd base64 md5sum sha256sum tar gzip gunzip find xargs which whoami stty tty more less").split()
def layer():
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode='w', format=tarfile.GNU_FORMAT) as t:
        def add(name, typ, mode=0o755, content=b'', link=''):
            i = tarfile.TarInfo(name); i.type = typ; i.mode = mode; i.linkname = link; i.mtime = 0
            i.size = len(content); t.addfile(i, io.BytesIO(content) if content else None)
        for d, m in (('bin', 0o755), ('etc', 0o755), ('tmp', 0o1777), ('root', 0o700), ('proc', 0o555), ('sys', 0o555), ('dev', 0o755), ('var', 0o755), ('var/run', 0o755)):
            add(d, tarfile.DIRTYPE, m)
        add('bin/busybox', tarfile.REGTYPE, 0o755, data)
        for a in APPLETS: add('bin/' + a, tarfile.SYMTYPE, 0o777, b'', 'busybox')
        add('etc/passwd', tarfile.REGTYPE, 0o644, b'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/false\n')
        add('etc/group', tarfile.REGTYPE, 0o644, b'root:x:0:\nnogroup:x:65534:\n')
    return b.getvalue()
lay = layer(); diff = hashlib.sha256(lay).hexdigest()
entries, files = [], {f'{diff}/layer.tar': lay}
for ref, cfg in (('registry.local/busybox:1', {'Cmd': ['/bin/sh'], 'Env': ['PATH=/bin'], 'WorkingDir': '/'}),
                 # pause: PID 1 of the sandbox; must live for ever and go away on SIGTERM (else each pod stop waits for the kill)
                 ('registry.local/pause:1', {'Entrypoint': ['/bin/sh', '-c', 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done'], 'Env': ['PATH=/bin'], 'WorkingDir': '/'})):
    c = json.dumps({'architecture': 'amd64', 'os': 'linux', 'created': '1970-01-01T00:00:00Z', 'config': cfg,
                    'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + diff]},
                    'history': [{'created': '1970-01-01T00:00:00Z', 'created_by': 'mkimage'}]}, sort_keys=True).encode()
    n = hashlib.sha256(c).hexdigest() + '.json'; files[n] = c
    entries.append({'Config': n, 'RepoTags': [ref], 'Layers': [f'{diff}/layer.tar']})
files['manifest.json'] = json.dumps(entries).encode()
with tarfile.open(out, 'w', format=tarfile.GNU_FORMAT) as t:
    for n, d in files.items():
        i = tarfile.TarInfo(n); i.size = len(d); i.mode = 0o644; i.mtime = 0; t.addfile(i, io.BytesIO(d))

/** Reading commands as people and agents type them every day. Each must be a read: to hold one back is a defect. */
export const everyday: readonly string[] = `
ls
ls -la
ls -lah /srv/app
ls -lt /var/log | head -20
ls -1 /srv | wc -l
ls -d /srv/*/
ls /etc/nginx/sites-enabled
ls -lhS /var/log/*.log
ls -la ~
ls -R /srv/app/config
ls --color=never -l /opt
pwd
whoami
id
id -un
groups
hostname
hostname -f
hostname -I
uname -a
uname -r
uptime
date
date -u
date +%Y-%m-%d
date -d yesterday +%F
date '+%Y-%m-%d %H:%M:%S'
w
who
last -n 10
lastlog
cat /etc/os-release
cat /etc/hosts
cat /etc/hostname
cat /etc/resolv.conf
cat /etc/fstab
cat /etc/issue
cat /etc/passwd
cat /etc/*-release
cat /proc/cpuinfo
cat /proc/meminfo
cat /proc/loadavg
cat /proc/uptime
cat /proc/version
cat /proc/net/dev
cat /proc/sys/net/ipv4/ip_forward
cat /srv/app/config.yml
cat -n /srv/app/main.py
head -50 /var/log/syslog
head -n 20 /srv/app/README.md
head -c 100 /srv/app/data.bin
tail -100 /var/log/syslog
tail -n 50 /var/log/nginx/error.log
tail -n +10 /srv/app/notes.txt
tail -f /var/log/app.log
tail -n 5 /var/log/*.log
wc -l /srv/app/src/*.py
wc -l < /var/log/syslog
wc -c /srv/app/dump.sql
nl /srv/app/x.txt
tac /var/log/app.log | head
less /var/log/syslog
more /srv/app/README.md
strings /usr/bin/ls | head
od -c /srv/app/x.bin | head
xxd /srv/app/x.bin | head -5
hexdump -C /srv/app/x.bin | head
base64 /srv/app/logo.png | head -c 80
md5sum /srv/app/release.tar.gz
sha256sum /srv/app/*.tar.gz
cksum /srv/app/a
file /srv/app/bin/server
stat /srv/app
stat -c '%U %G %a' /srv/app/config.yml
readlink -f /usr/bin/python3
realpath .
basename /srv/app/main.py
dirname /srv/app/main.py
du -sh /srv
du -sh /srv/* | sort -h
du -h --max-depth=1 /var | sort -rh | head -10
df
df -h
df -hT
df -i
df -h / | tail -1
free
free -h
free -m
vmstat 1 3
iostat -x 1 2
mpstat -P ALL 1 1
sar -u 1 1
ps
ps aux
ps -ef
ps aux --sort=-%mem | head -10
ps aux --sort=-%cpu | head
ps -eo pid,ppid,cmd,%mem,%cpu --sort=-%mem | head
ps -o pid,etime,cmd -p 1
ps aux | grep nginx
ps aux | grep -v grep | grep java
ps -p $(pgrep -o nginx) -o etime=
pgrep -fa node
pidof nginx
pstree -p
pmap 1234 | tail -1
top -b -n 1
top -bn1 | head -20
lsof -i :8080
lsof -p 1234 | wc -l
lsof -iTCP -sTCP:LISTEN -n -P
lsblk
lsblk -f
lscpu
lsmod
lspci
lsusb
dmesg | tail -50
dmesg -T | grep -i error
mount
mount | grep ext4
findmnt
blkid
swapon --show
sysctl -a
sysctl net.core.somaxconn
sysctl -n vm.swappiness
ulimit -a
nproc
getconf ARG_MAX
locale
env LANG=C sort /srv/a.txt
printenv PATH
echo hello
echo $HOME
echo "$USER on $(hostname)"
printf '%s\\n' a b
true
seq 1 10
expr 1 + 2
sleep 1
grep error /var/log/syslog
grep -i error /var/log/app.log
grep -n TODO /srv/app/main.py
grep -rn "connect" /srv/app/src
grep -rl "import os" /srv/app
grep -r --include='*.py' def /srv/app
grep -c 500 /var/log/nginx/access.log
grep -v '^#' /etc/ssh/sshd_config | grep -v '^$'
grep -E 'error|warn' /var/log/app.log
grep -A3 -B3 Exception /var/log/app.log
grep -oP 'status=\\K\\d+' /var/log/app.log | sort | uniq -c
grep -w root /etc/passwd
grep -L foo /srv/app/*.txt
egrep 'a|b' /srv/x
fgrep '[x]' /srv/x
zgrep error /var/log/syslog.2.gz
zcat /var/log/syslog.2.gz | head
gzip -dc /var/log/app.log.1.gz | tail -5
xz -dc /srv/a.xz | wc -l
awk '{print $1}' /var/log/nginx/access.log
awk -F: '{print $1}' /etc/passwd
awk '{print $1}' /var/log/nginx/access.log | sort | uniq -c | sort -rn | head
awk '$9 >= 500' /var/log/nginx/access.log
awk '$9 > 499 {print $7}' /var/log/nginx/access.log
awk 'NR==10' /srv/x
awk 'NR>=10 && NR<=20' /srv/x
awk '/error/ {c++} END {print c}' /var/log/app.log
awk '{s+=$1} END {print s/NR}' /srv/numbers
awk -v n=5 '$1 > n {print $2}' /srv/numbers
awk 'BEGIN{FS=","} {print $2}' /srv/x.csv
awk '{a[$1]++} END {for (k in a) print a[k], k}' /srv/x | sort -rn
awk '{ if ($3 > 100) print $0 }' /srv/x
awk '{print length($0)}' /srv/x
awk '/start/,/end/' /srv/x
awk '{printf "%-10s %s\\n", $1, $2}' /srv/x
awk '!seen[$0]++' /srv/x
awk '{gsub(/foo/,"bar"); print}' /srv/x
sed -n '10,20p' /srv/app/conf.yml
sed -n '5p' /srv/x
sed 's/foo/bar/g' /srv/x
sed -e 's/a/b/' -e 's/c/d/' /srv/x
sed -n '/BEGIN/,/END/p' /srv/x
sed '/^#/d' /etc/nginx/nginx.conf
sed '/^$/d; /^#/d' /etc/fstab
sed -E 's/([0-9]+)/<\\1>/' /srv/x
sed -n '$p' /srv/x
sed 's|/srv|/opt|' /srv/x
sed -n 's/^version: //p' /srv/app/app.yml
sed '1d;$d' /srv/x
sed = /srv/x | head
cut -d: -f1 /etc/passwd
cut -f2 -d, /srv/x.csv
cut -c1-80 /var/log/syslog
tr a-z A-Z < /srv/x
tr -d '\\r' < /srv/x | head
sort /srv/x
sort -u /srv/x
sort -t, -k2 -n /srv/x.csv
sort -rn -k3 /srv/x | head -3
uniq -c /srv/x
paste /srv/a /srv/b
join /srv/a /srv/b
comm -12 /srv/a /srv/b
diff /srv/a /srv/b
diff -u /srv/app/old.conf /srv/app/new.conf
diff -rq /srv/a /srv/b
cmp /srv/a /srv/b
column -t /srv/x
fold -w 80 /srv/x
rev /srv/x
shuf -n 5 /srv/x
split --version
jq . /srv/app/package.json
jq -r '.version' /srv/app/package.json
jq '.items[] | select(.id > 5) | .name' /srv/x.json
jq -r '.[] | "\\(.a) \\(.b)"' /srv/x.json
yq '.services' /srv/docker-compose.yml
xmllint --format /srv/x.xml
find /srv -name '*.py'
find /srv -type f -mtime -1
find . -maxdepth 2 -type d
find /var/log -name '*.log' -size +10M
find /srv -name '*.py' | wc -l
find /srv -type f -printf '%s %p\\n' | sort -rn | head
find /srv -name '*.log' -exec ls -lh {} \\;
find /srv -name '*.conf' -exec grep -l listen {} +
find /srv/app -name '*.py' | xargs wc -l
find /srv/app -name '*.py' -print0 | xargs -0 grep -n TODO
find /srv -empty
find /srv ! -name '*.py' -type f
find /srv \\( -name a -o -name b \\) -print
find /tmp -user deploy -ls
find /srv/app -newer /srv/app/VERSION
find / -name nginx.conf 2>/dev/null
find /srv/app -type f -name '*.yml' -exec head -5 {} \\;
ls /srv | xargs -n1 echo
pgrep nginx | xargs ps -p
tree -L 2 /srv
which python3
command -v node
type ls
whereis nginx
man ls
test -f /srv/app/.env && echo yes
[ -d /srv/app ] && ls /srv/app
[ "$(id -u)" -eq 0 ] && echo root
cd /srv/app && git log --oneline -5
cd /srv/app && ls
uname -a; uptime; df -h
for f in /var/log/*.log; do echo "$f"; done
for f in a b c; do echo $f; done
for f in /srv/app/*.py; do wc -l "$f"; done
for i in 1 2 3; do echo $i; done
for d in /srv/*/; do du -sh "$d"; done
find /srv -name '*.py' | while read -r f; do wc -l "$f"; done
if [ -f /srv/x ]; then cat /srv/x; else echo none; fi
if systemctl is-active --quiet nginx; then echo up; fi
while read -r line; do echo "$line"; done < /srv/x
case $(uname -s) in Linux) echo l;; *) echo o;; esac
x=5; echo $((x + 1))
dir=/srv/app; ls "$dir"
n=$(wc -l < /srv/x); echo "$n lines"
(cd /srv && ls)
{ date; uptime; }
! grep -q foo /srv/x
ls /srv 2>/dev/null
ls /srv > /dev/null 2>&1
ls /srv 2>&1 | head
cat <<EOF
cat /srv/x | tee /dev/null
time ls /srv
timeout 10 tail -f /var/log/app.log
nice ls
nohup ls
stdbuf -oL tail -f /var/log/app.log
git status
git status -s
git log
git log --oneline -10
git log -p -1
git log --since='2 days ago' --author=ana
git log --graph --all --decorate --oneline
git log --format='%h %an %s' -5
git -C /srv/app log -1 --format=%H
git diff
git diff HEAD~1
git diff --stat main..dev
git diff --name-only HEAD
git show HEAD
git show HEAD:README.md
git show --stat
git blame src/main.py
git branch
git branch -a
git branch --show-current
git branch --list 'release/*'
git branch --merged
git tag
git tag -l 'v*'
git tag --sort=-creatordate
git remote -v
git remote show origin
git stash list
git rev-parse HEAD
git rev-parse --short HEAD
git rev-parse --abbrev-ref HEAD
git describe --tags
git ls-files
git ls-files | xargs wc -l
git grep TODO
git shortlog -sn
git config --list
git config --get user.name
git config user.email
git reflog
git cat-file -p HEAD
git --no-pager log -3
git worktree list
git submodule status
git rev-list --count HEAD
git show $(git rev-parse HEAD)
systemctl status
systemctl status nginx
systemctl status nginx --no-pager -l
systemctl is-active nginx
systemctl is-enabled nginx
systemctl list-units --type=service
systemctl list-units --state=running
systemctl --failed
systemctl list-timers
systemctl list-unit-files
systemctl cat nginx
systemctl show nginx
systemctl show -p MainPID --value nginx
systemctl --user status
service nginx status
service --status-all
journalctl -u nginx -n 100
journalctl -u nginx --since '1 hour ago'
journalctl -xe --no-pager
journalctl -p err -b
journalctl -k
journalctl --disk-usage
journalctl --list-boots
journalctl -u app -f
journalctl -u app -o json | jq -r .MESSAGE
journalctl --since today | grep -i oom
loginctl list-sessions
timedatectl
hostnamectl
localectl
resolvectl status
systemd-analyze blame
docker ps
docker ps -a
docker ps -q
docker ps --filter status=exited
docker images
docker logs web
docker logs --tail 100 web
docker logs -f --since 10m web
docker logs $(docker ps -q --filter name=web)
docker stats --no-stream
docker top web
docker port web
docker version
docker info
docker inspect --format '{{.State.Status}}' web
docker inspect -f '{{.NetworkSettings.IPAddress}}' web
docker network ls
docker network inspect bridge
docker volume ls
docker system df
docker image ls
docker container ls -a
docker history nginx
docker diff web
docker compose ps
docker compose logs --tail=50 web
docker-compose ps
docker exec web ls /app
docker exec -it web cat /etc/hosts
docker exec web ps aux
podman ps
crictl ps
kubectl get pods
kubectl get pods -n shop
kubectl get pods -A -o wide
kubectl get deploy,svc -n shop
kubectl get nodes
kubectl get pod web-0 -o yaml
kubectl -n shop get events --sort-by=.lastTimestamp
kubectl describe pod web-0
kubectl logs web-0
kubectl logs -f deploy/web --tail=100
kubectl logs web-0 -c app --previous
kubectl top pods
kubectl top nodes
kubectl cluster-info
kubectl version
kubectl config current-context
kubectl config get-contexts
kubectl api-resources
kubectl explain pod.spec
kubectl rollout status deploy/web
kubectl rollout history deploy/web
kubectl auth can-i list pods
kubectl get configmap app -o jsonpath='{.data}'
helm list -A
helm status web
helm history web
ip a
ip addr
ip addr show eth0
ip -br a
ip route
ip route show
ip route get 10.0.0.1
ip link
ip -s link show eth0
ip neigh
ip rule
ip -4 addr
ifconfig
ifconfig eth0
ss -tlnp
ss -s
ss -tan state established
netstat -tulpn
netstat -rn
arp -n
route -n
ethtool eth0
ping -c 3 10.0.0.1
traceroute 10.0.0.1
dig example.com
dig +short example.com MX
host example.com
nslookup example.com
nc -zv 10.0.0.1 5432
iptables -L -n -v
iptables -S
nft list ruleset
ufw status
apt list --installed
apt list --upgradable
apt-cache policy nginx
apt show nginx
apt search nginx
dpkg -l
dpkg -l | grep nginx
dpkg -L nginx
dpkg -S /usr/bin/ls
dpkg -s nginx
dpkg-query -W -f '\${Version}' nginx
rpm -qa
rpm -qi nginx
rpm -ql nginx
yum list installed
dnf info nginx
apk info
snap list
brew list
npm ls
npm ls --depth=0
npm outdated
npm view express version
pip list
pip show requests
pip freeze
gem list
go version
go env GOPATH
python3 --version
node --version
node -v
java -version
php -v
ruby -v
perl -v
gcc --version
make --version
nginx -t
nginx -v
nginx -T
apachectl configtest
haproxy -c -f /etc/haproxy/haproxy.cfg
openssl version
openssl x509 -in /etc/ssl/certs/site.crt -noout -dates
openssl x509 -noout -subject -in /srv/app/cert.pem
openssl s_client -connect example.com:443 -servername example.com < /dev/null
echo | openssl s_client -connect example.com:443 2>/dev/null | openssl x509 -noout -dates
redis-cli info
redis-cli -h 127.0.0.1 ping
pg_isready -h 127.0.0.1
rabbitmqctl list_queues
supervisorctl status
pm2 list
crontab -l
tar tf /srv/a.tar
tar -tzf /srv/a.tar.gz | head
tar tvf /srv/a.tar
unzip -l /srv/a.zip
zipinfo /srv/a.zip
getent passwd deploy
getent hosts example.com
lsattr /srv/x
getfacl /srv/x
namei -l /srv/app/x
cal
bc < /srv/expr
numfmt --to=iec 123456
watch -n 1 df -h
sh -c 'ls -la'
sh -c 'ps aux | grep nginx'
bash -c 'echo hi'
cat /boot/config-$(uname -r) | grep KVM
ls /lib/modules/$(uname -r)
cat /proc/$(pgrep -o nginx)/status
cat /proc/1/limits
cat /sys/class/thermal/thermal_zone0/temp
LC_ALL=C sort /srv/x
TZ=UTC date
GIT_PAGER=cat git log -2
set -e; ls; df
set -o pipefail; ls | head
wc -l $(find /srv -name '*.py')
grep -n foo $(git ls-files)
tail -n 20 "/var/log/app-$(date +%F).log"
`
  .trim()
  .replace(/\\\\/g, '\\')
  .replace('cat <<EOF\n', 'cat <<EOF\u0001hello\u0001EOF\n')
  .split('\n')
  .map((l) => l.replace(/\u0001/g, '\n'))

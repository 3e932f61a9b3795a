# What a server is like, for a diagnosis. Changes nothing, and goes on where something is missing.
#
#   sh -s -- ROOT VERSION SHA256 [-t PROGRAM]... [-r FILE]...
#
# VERSION and SHA256 are those of podway-host. Prints lines of tab-separated fields, the last one `end`.
set -u
LC_ALL=C
PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
# For tests only: folders that stand in for /etc and /run.
ETC=${PODWAY_HOST_ETC:-/etc}
RUN=${PODWAY_HOST_RUN:-/run}

root=$1 version=$2 digest=$3
shift 3
printf 'facts\t1\n'
while [ $# -ge 2 ]; do
  case $1 in
    -t) command -v "$2" >/dev/null 2>&1 || printf 'missing\t%s\n' "$2" ;;
    -r) [ -r "$2" ] || printf 'unreadable\t%s\n' "$2" ;;
  esac
  shift 2
done
for tool in tar find; do
  case $(command -v "$tool" >/dev/null 2>&1 && "$tool" --version 2>/dev/null || echo GNU) in
    *GNU*) ;;
    *) printf 'unfit\t%s\n' "$tool" ;;
  esac
done
printf 'now\t%s\n' "$(date +%s 2>/dev/null)"
printf 'user\t%s\t%s\n' "$(id -u 2>/dev/null)" "$(id -un 2>/dev/null)"

# The nearest folder that is there: the others would be made in it.
near=$root
while [ ! -e "$near" ] && [ ! -L "$near" ] && [ "$near" != / ]; do
  near=${near%/*}
  [ -n "$near" ] || near=/
done
if [ ! -d "$near" ]; then
  place=not-a-folder
elif [ -w "$near" ] && [ -x "$near" ]; then
  place=writable
else
  place=not-writable
fi
printf 'place\t%s\t%s\n' "$place" "$near"
for folder in .podway releases shared; do
  [ ! -e "$root/$folder" ] || { [ -d "$root/$folder" ] && [ -w "$root/$folder" ]; } || printf 'closed\t%s\n' "$folder"
done
current=none
if [ -L "$root/current" ]; then
  case $(readlink "$root/current" 2>/dev/null) in releases/*) current=ours ;; *) current=foreign ;; esac
elif [ -e "$root/current" ]; then
  current=foreign
fi
printf 'current\t%s\n' "$current"
# btrfs counts no inodes: it has 0 of 0 left.
printf 'disk\t%s\n' "$(df -Pk "$near" 2>/dev/null | awk 'NR == 2 { print $2 "\t" $4 }')"
printf 'inodes\t%s\n' "$(df -Pi "$near" 2>/dev/null | awk 'NR == 2 { print $2 "\t" $4 }')"

# As podway-host chooses what runs its watchdog after a reboot.
hook=none
if [ -d "$RUN/systemd/system" ] && [ -w "$ETC/systemd/system" ]; then
  hook=systemd
elif [ -d "$ETC/cron.d" ] && [ -w "$ETC/cron.d" ]; then
  hook=cron
elif [ "$ETC" = /etc ] && command -v crontab >/dev/null 2>&1; then
  hook=cron
fi
printf 'hook\t%s\n' "$hook"
script=none
file=$root/.podway/bin/podway-host-$version
if [ -f "$file" ]; then
  script=other
  [ "$(sha256sum <"$file" 2>/dev/null | cut -c1-64)" != "$digest" ] || script=same
fi
printf 'script\t%s\n' "$script"
printf 'end\n'

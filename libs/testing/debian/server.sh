#!/bin/sh
# Boots a Debian test server: process 1 of its process tree, in namespaces of its own.
#   server.sh ROOT NAME up|hang CAPABILITIES
# As sysvinit does, it starts what /etc/rc2.d says: sshd, and cron, which runs the `@reboot` lines of /etc/cron.d (the
# hook of Podway's watchdog). `hang` stops before that: a server that does not come up. Says `up` on descriptor 3.
# CAPABILITIES are those it does without, as setpriv takes them.
set -eu
root=$1 name=$2 boot=$3 without=$4
hostname "$name"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/run/lock" "$root/run/host"
chmod 1777 "$root/dev/shm" "$root/run/lock"
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
device() { # NAME MAJOR MINOR
  mknod -m 666 "$root/dev/$1" c "$2" "$3"
}
device null 1 3
device zero 1 5
device full 1 7
device random 1 8
device urandom 1 9
device tty 5 0
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
# The kernel is the machine's: nothing on a server may set it up anew or make it reboot.
for part in sys sysrq-trigger; do
  [ -e "$root/proc/$part" ] || continue
  mount --bind "$root/proc/$part" "$root/proc/$part"
  mount -o remount,bind,ro "$root/proc/$part"
done
# The kernel's own changes with the machine only. The uptime does begin anew: a time namespace.
cat /proc/sys/kernel/random/uuid >"$root/run/boot_id"
mount --bind "$root/run/boot_id" "$root/proc/sys/kernel/random/boot_id"
mount -o remount,bind,ro "$root/proc/sys/kernel/random/boot_id"
rm "$root/run/boot_id"
cd "$root"
pivot_root . run/host
cd /
umount -l /run/host
rmdir /run/host

# A new shell, so that this file of the machine is open no more.
# shellcheck disable=SC2016
exec setpriv --bounding-set "$without" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/ boot="$boot" sh -c '
  if [ "$boot" = up ]; then
    unset boot
    for service in /etc/rc2.d/S*; do "$service" start 3>&- || :; done
    # sshd listens only after it has gone to the background.
    until grep -q ":0016 [0-9A-F:]* 0A " /proc/net/tcp; do sleep 0.02; done
    printf "up\n" >&3
  fi
  exec 3>&-
  # Waiting reaps what has lost its parent.
  while :; do
    sleep 60 &
    wait $! || :
  done' init

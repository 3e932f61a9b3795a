#!/bin/sh
# Builds what Debian test servers stand on, once: a root by debootstrap, or the layer that more packages add to one.
#   build.sh DESTINATION RECIPE SUITE MIRROR LOWER PACKAGE...
# DESTINATION becomes a folder with `root` and `recipe.json`. LOWER is `-` for a root, or the root that the layer lies on.
# Runs under a lock, in a mount and a process namespace of its own: killed at any point, it leaves only a `building` folder.
set -eu
destination=$1 recipe=$2 suite=$3 mirror=$4 lower=$5
shift 5
# Another test process was first.
[ ! -d "$destination" ] || exit 0
building=$(dirname "$destination")/building
rm -rf --one-file-system "$building"
mkdir -p "$building/root"
root=$building/root

join() { # by commas
  IFS=,
  printf '%s' "$*"
}

make_root() {
  debootstrap --variant=minbase --include="$(join "$@")" "$suite" "$root" "$mirror"
}

add_layer() {
  mkdir "$building/work" "$building/merged"
  mount -t overlay -o "redirect_dir=on,lowerdir=$lower,upperdir=$root,workdir=$building/work" overlay "$building/merged"
  root=$building/merged
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  printf 'deb %s %s main\n' "$mirror" "$suite" >"$root/etc/apt/sources.list"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  # Debian's own way to say that an installation starts no service.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  in_root apt-get -q update
  in_root apt-get -q -y --no-install-recommends install "$@"
  rm "$root/usr/sbin/policy-rc.d"
  umount "$root/proc" "$root/dev"
}

in_root() { env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"; }

if [ "$lower" = - ]; then make_root "$@"; else add_layer "$@"; fi
in_root apt-get clean
# Servers differ in these, and have no way to the outside.
rm -rf "$root"/var/lib/apt/lists/* "$root"/etc/ssh/ssh_host_* "$root/etc/resolv.conf" "$root/etc/hostname"
: >"$root/etc/apt/sources.list"
: >"$root/etc/machine-id"
if [ "$lower" != - ]; then
  umount "$root"
  rm -rf "$building/work" "$building/merged"
fi
printf '%s\n' "$recipe" >"$building/recipe.json"
sync -f "$building"
mv "$building" "$destination"

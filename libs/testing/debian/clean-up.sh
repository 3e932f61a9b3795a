#!/bin/sh
# Removes Debian test servers wholly: processes, mounts, network, folder, claim. What is gone already is no error.
#   clean-up.sh FOLDER
# A claim is a link named by the network's number that points to the folder; with it goes the right to that network.
folder=$1 claims=/run/podway-debian-servers
case $folder in */podway-debian-*) ;; *) echo "not a folder of test servers: $folder" >&2 && exit 2 ;; esac
mkdir -p "$claims"
exec 9>"$claims/lock"
flock 9

end_processes() { # NETWORK-NAMESPACE
  tries=0
  while pids=$(ip netns pids "$1") && [ -n "$pids" ] && [ $tries -lt 200 ]; do
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null
    sleep 0.05
    tries=$((tries + 1))
  done
}

for claim in "$claims"/[0-9]*; do
  [ "$(readlink "$claim")" = "$folder" ] || continue
  number=${claim##*/}
  spaces=$(ip netns list | sed -n "s/^\(pwd$number-[0-9]*\).*/\1/p")
  for space in $spaces; do end_processes "$space"; done
  for space in $spaces; do
    ip link del "pwd${number}s${space##*-}" 2>/dev/null
    ip netns del "$space"
  done
  ip link del "pwd$number" 2>/dev/null
done

# Children are listed after what they lie on.
findmnt -rno TARGET | tac | while read -r line; do
  target=$(printf '%b' "$line")
  case $target in "$folder"/*) umount "$target" || umount -l "$target" ;; esac
done
rm -rf --one-file-system "$folder" || exit 1
for claim in "$claims"/[0-9]*; do
  if [ "$(readlink "$claim")" = "$folder" ]; then rm -f "$claim"; fi
done
exit 0

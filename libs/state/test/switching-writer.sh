# Releases without end, for the power-cut test: SCRIPT ROOT DEPLOYMENT ROUNDS, written by the real script, or naively.
# Each round lays out a tree of 40 files that all hold the round's number, and says on standard output what was promised.
set -eu
how=$1 script=$2 root=$3 deployment=$4
lay() { # FOLDER ROUND
  mkdir -p "$1/deep"
  i=0
  while [ $i -lt 20 ]; do
    printf '%s %06000d\n' "$2" 0 >"$1/file$i"
    printf '%s %06000d\n' "$2" 0 >"$1/deep/file$i"
    i=$((i + 1))
  done
}
round=0
while :; do
  round=$((round + 1))
  tree=01ARZ3NDEKTSV4RRFF$(printf '%08d' "$round")
  echo "begin $round"
  if [ "$how" = naive ]; then
    lay "$root/releases/$tree" "$round"
    ln -s "releases/$tree" "$root/new"
    mv -fT "$root/new" "$root/current"
    old=01ARZ3NDEKTSV4RRFF$(printf '%08d' $((round - 2)))
    rm -rf "$root/releases/$old"
    # It begins in good order, as a server does.
    [ "$round" -gt 1 ] || sync -f "$root"
    sleep 0.2
  else
    if [ "$round" -eq 1 ]; then
      sh "$script" "$root" snapshot "$round" "$deployment" 3600000 >/dev/null
    else
      sh "$script" "$root" feed "$round" "$deployment" 3600000 >/dev/null
    fi
    echo "armed $round"
    stage=$(sh "$script" "$root" begin-stage "$round" "$deployment" - link | cut -f2)
    lay "$root/.podway/staging/$stage/tree" "$round"
    fingerprint=$(sh "$script" "$root" commit-stage "$round" "$deployment" "$stage" "$tree" | cut -f3)
    sh "$script" "$root" switch "$round" "$deployment" "$tree" "$fingerprint" - >/dev/null
    echo "done $round"
    sh "$script" "$root" complete -k 2 "$round" "$deployment" "$tree" >/dev/null
  fi
done

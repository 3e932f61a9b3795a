#!/bin/sh
# Stands for dsmc, the client of IBM Storage Protect, which is not to be had here: it knows the three commands of the
# profile in docs/state.md with their options, and no others. What the product does not promise it leaves out: the
# times of folders and hard links do not come back. STORE is the folder that stands for the server.
set -eu

refuse() {
  echo "ANS1148E: $1" >&2
  exit 12
}

case "$*" in
  archive\ * | retrieve\ *) command=$1 path=$2 && shift 2 ;;
  delete\ archive\ *) command=delete path=$3 && shift 3 ;;
  *) refuse "not a command: $*" ;;
esac
subdir= noprompt= replace= node= description=
for option; do
  case $option in
    -subdir=yes) subdir=yes ;;
    -noprompt) noprompt=yes ;;
    -replace=all) replace=all ;;
    -asnodename=?*) node=${option#*=} ;;
    -description=?*) description=${option#*=} ;;
    *) refuse "not an option: $option" ;;
  esac
done
[ "$subdir" = yes ] || refuse 'it would leave out what is below folders'
[ -n "$node" ] && [ -n "$description" ] || refuse 'it would take what other records have'
kept=$STORE/$node/$description

case $command in
  archive)
    case $path in */) ;; *) refuse "not a folder: $path" ;; esac
    mkdir -p "$kept"
    cp -dR --preserve=mode,ownership,timestamps,xattr "$path." "$kept"
    ;;
  retrieve)
    case $path in */\*) ;; *) refuse "not what is in a folder: $path" ;; esac
    [ "$replace" = all ] || refuse 'it would ask'
    [ -d "$kept" ] || refuse 'nothing is archived under that description'
    (cd "$kept" && find . -mindepth 1 -maxdepth 1 -print0) |
      (cd "$kept" && xargs -0 -r cp -dR --preserve=mode,ownership,timestamps,xattr -t "${path%\*}")
    find "${path%\*}" -type d -exec touch {} +
    ;;
  delete)
    [ "$noprompt" = yes ] || refuse 'it would ask'
    rm -rf "$kept"
    ;;
esac

# --- volume: a btrfs subvolume, recorded as a read-only snapshot of it ---------------------------------------------

# Beside the subvolume, on its file system, is the folder .podway-volumes/<part>-<POD>: <id>/state is what the record
# <id> holds; `new` is about to take the subvolume's place, `old` has just left it. A put is two renames: path -> old,
# new -> path. Cut between them, there is nothing at the path, and nothing has happened yet: the next call brings `old`
# back. Cut after them, only `old` is left to be deleted.
# A record: `volume` says whether there was one (`state`) or not (`-`).

use_volume() {
  volume=$(option path)
  volume=${volume%/}
  pod=$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)
  volumes=${volume%/*}/.podway-volumes/$part-$pod
  id=${record-}
  id=${id##*/}
  id=${id%.new}
}

is_subvolume() { # PATH
  [ -d "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %i "$1")" = 256 ] && [ "$(stat -f -c %T "$1")" = btrfs ]
}
is_mounted() { # PATH
  awk '{ print $5 }' /proc/self/mountinfo |
    grep -qxF -- "$(printf '%s' "$1" | sed 's/\\/\\134/g; s/ /\\040/g')"
}

volume_check() {
  need_tool btrfs btrfs-progs
  need_tool getfattr attr
  use_volume
  [ "$(id -u)" = 0 ] || fail LAYOUT "part $part: only root makes and drops snapshots of $volume"
  [ "$(stat -f -c %T "${volume%/*}/" 2>/dev/null || :)" = btrfs ] ||
    fail LAYOUT "part $part: ${volume%/*}/ is not on a btrfs file system"
  ! is_mounted "$volume" || fail LAYOUT "part $part: $volume is mounted; give it a place in a mounted btrfs file system"
  [ ! -e "$volume" ] || is_subvolume "$volume" || fail LAYOUT "part $part: $volume is not a btrfs subvolume"
}

# With the subvolumes that the site has made below it, which make a deletion fail.
delete_volume() { # SUBVOLUME
  if [ -e "$1" ] && is_subvolume "$1" && ! btrfs subvolume delete "$1" >/dev/null 2>&1; then
    backup 'tidied up' find "$1" -depth -type d -inum 256 -exec btrfs subvolume delete {} ';'
  fi
  rm -rf -- "$1"
}
delete_state() { # ID
  delete_volume "$volumes/$1/state"
  [ ! -d "$volumes/$1" ] || rm -rf -- "${volumes:?}/$1"
}

# Only with the parts' lock: a put of another call may be between its renames.
settle_volume() {
  if [ -d "$volumes/old" ]; then
    if [ -e "$volume" ]; then delete_volume "$volumes/old"; else mv -T "$volumes/old" "$volume"; fi
  fi
  delete_volume "$volumes/new"
}

volume_fingerprint() { # deep|quick
  use_volume
  [ "$VERB" = parts-live ] || settle_volume
  fp=$EMPTY_FINGERPRINT
  [ -e "$volume" ] || return 0
  kept_excluded=$EXCLUDED EXCLUDED=
  cache=$part_dir/manifest
  [ "$1" = quick ] || cache=/dev/null
  scan "$volume" "$cache"
  keep_manifest "../parts/$part/manifest"
  EXCLUDED=$kept_excluded
  add_attributes "$volume"
}

# A record of that name counts no more, before what it holds is made anew.
clear_state() {
  rm -f -- "$kept/fingerprint"
  sync "$part_dir"
  mkdir -p "$volumes"
  chmod 700 "${volumes%/*}"
  delete_state "$id"
  mkdir "$volumes/$id"
}

volume_record() {
  use_volume
  clear_state
  printf -- '-\n' >"$record/volume"
  [ -e "$volume" ] || return 0
  # They would be empty folders in the snapshot.
  [ -z "$(btrfs subvolume list -o "$volume")" ] ||
    fail PART_FAILED "part $part: there are subvolumes below $volume; a snapshot does not hold them"
  backup recorded btrfs subvolume snapshot -r "$volume" "$volumes/$id/state"
  btrfs filesystem sync "$volumes"
  printf 'state\n' >"$record/volume"
}

volume_put() {
  use_volume
  mkdir -p "$volumes"
  read -r held <"$record/volume"
  if [ "$held" != - ]; then
    backup 'put back' btrfs subvolume snapshot "$volumes/$id/state" "$volumes/new"
    btrfs filesystem sync "$volumes"
  fi
  [ ! -e "$volume" ] || backup 'put back' mv -T "$volume" "$volumes/old"
  [ "$held" = - ] || backup 'put back' mv -T "$volumes/new" "$volume"
  btrfs filesystem sync "$volumes"
  delete_volume "$volumes/old"
}

# What a snapshot is to btrfs receive: the one that it was made of on another server, or itself.
name_snapshot() { # SUBVOLUME
  btrfs subvolume show "$1" | awk '
    $1 == "UUID:" { own = $2 }
    $1 == "Received" && $2 == "UUID:" { received = $3 }
    END { print (received == "" || received == "-" ? own : received) }'
}

# A difference can only be received below the root of a subvolume, not below a folder that is mounted elsewhere.
is_below_root() {
  mount=$(awk -v path="$(printf '%s' "$volume" | sed 's/\\/\\\\134/g; s/ /\\\\040/g')" '
    index(path, $5 == "/" ? "/" : $5 "/") == 1 && length($5) >= length(longest) { longest = $5 }
    END { print longest }' /proc/self/mountinfo)
  [ "$(stat -c %i "$(printf '%b' "$mount")")" = 256 ]
}

volume_offer() {
  use_volume
  is_below_root || return 0
  for state in "$volumes"/*/state; do
    [ ! -d "$state" ] || name_snapshot "$state"
  done
}

# A line (`podway-volume`, `state` or -), then what btrfs sends: what differs from a snapshot that both servers have.
volume_send() {
  new_scratch
  cat >"$scratch/offer"
  use_volume
  read -r held <"$record/volume"
  printf 'podway-volume\t%s\n' "$held"
  [ "$held" != - ] || return 0
  set --
  for state in "$volumes"/*/state; do
    [ "$state" != "$volumes/$id/state" ] || continue
    if name_snapshot "$state" | grep -qxF -f - "$scratch/offer"; then set -- -p "$state"; fi
  done
  btrfs -q send "$@" "$volumes/$id/state" 2>"$scratch/trouble" ||
    fail UNREADABLE "the record of part $part cannot be sent: $(tail -c 300 "$scratch/trouble")"
}

volume_take() {
  IFS=$TAB read -r word held || fail DELTA_INVALID "nothing came for part $part"
  [ "$word" = podway-volume ] || fail DELTA_INVALID "not a record of a volume"
  use_volume
  clear_state
  printf '%s\n' "$held" >"$record/volume"
  [ "$held" != - ] || return 0
  btrfs -q receive "$volumes/$id" >/dev/null 2>"$scratch/trouble" || {
    (cd "$volumes" && disk_full) && fail DISK_FULL "no space left for part $part"
    fail DELTA_INVALID "the record of part $part cannot be received: $(tail -c 300 "$scratch/trouble")"
  }
  is_subvolume "$volumes/$id/state" || fail DELTA_INVALID "part $part came without its snapshot"
  btrfs filesystem sync "$volumes"
}

volume_drop() {
  use_volume
  delete_state "$id"
}

# What calls that were cut have left.
volume_tidy() {
  use_volume
  settle_volume
  for state in "$volumes"/*/state; do
    id=${state%/state}
    id=${id##*/}
    [ ! -d "$state" ] || [ -f "$part_dir/records/$id/fingerprint" ] || delete_state "$id"
  done
}

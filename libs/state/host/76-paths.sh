# --- paths: files and folders of the system, recorded by restic or borg --------------------------------------------

# Each server writes to a repository of its own, parts/<name>/repos/<origin>. What it gets from another server comes as a
# mirror of that one's repository, of which only the files that it lacks are sent. With a `repository` of the operator
# all servers write to that, and a record names only what is in there.
# A record: `snapshot` (its name in the repository, or -), `origin` (or - for the operator's), `roots` (paths that existed).

paths_check() {
  need_tool rsync rsync
  need_tool getfattr attr
  if [ "$(option_or tool restic)" = borg ]; then need_tool borg borgbackup; else need_tool restic restic; fi
}

existing_paths() {
  option paths | while IFS= read -r path; do
    path=${path%/}
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path"; fi
  done
}

paths_fingerprint() { # deep|quick
  LISTED=$(existing_paths | sed 's/^/./')
  fp=$EMPTY_FINGERPRINT
  if [ -n "$LISTED" ]; then
    kept_excluded=$EXCLUDED
    EXCLUDED=$(option excluded | sed 's:^/::; s:/$::')
    cache=$part_dir/manifest
    [ "$1" = quick ] || cache=/dev/null
    scan / "$cache"
    keep_manifest "../parts/$part/manifest"
    EXCLUDED=$kept_excluded
    add_attributes /
  fi
  LISTED=
}

# Sets `origin` and `repo`, absolute because programs run elsewhere.
use_repo() { # ORIGIN|-
  origin=$1
  repo=$ROOT/$part_dir/repos/$origin
  [ "$origin" != - ] || repo=$(option repository)
}

own_repo() {
  use_repo -
  [ -z "$repo" ] || return 0
  own_origin
  use_repo "$own"
}

# restic wants a password; beside a repository that lies open on the server it protects nothing, and is kept with it.
with_restic() { # ARGUMENT...
  password=$(option passwordFile)
  restic --quiet -r "$repo" --password-file "${password:-$repo/podway-password}" --no-cache "$@"
}
with_borg() { # ARGUMENT...
  password=$(option passwordFile)
  (
    # A mirror is read with memories of its own, so that borg never takes one repository for the other.
    export BORG_BASE_DIR="$ROOT/$part_dir/borg/$(printf '%s' "$repo" | sha256sum | cut -c1-12)"
    export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
    [ -z "$password" ] || export BORG_PASSCOMMAND="cat $(quote_for_shell "$password")"
    mkdir -p "$BORG_BASE_DIR"
    exec borg "$@"
  )
}
backup() { # WHAT COMMAND...: runs it, and tells what it complained about
  what=$1
  shift
  new_scratch
  "$@" >"$scratch/said" 2>"$scratch/trouble" ||
    fail PART_FAILED "part $part could not be $what: $(tail -c 500 "$scratch/trouble")"
}

init_repo() {
  [ "$origin" = - ] || mkdir -p "$repo"
  if [ "$(option_or tool restic)" = borg ]; then
    [ "$origin" != - ] || ! with_borg info "$repo" >/dev/null 2>&1 || return 0
    [ ! -f "$repo/config" ] || return 0
    mode=none
    [ "$origin" != - ] || mode=repokey
    backup recorded with_borg init --encryption="$mode" "$repo"
    return
  fi
  if [ "$origin" = - ]; then
    ! with_restic cat config >/dev/null 2>&1 || return 0
  else
    [ ! -f "$repo/config" ] || return 0
    [ -s "$repo/podway-password" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$repo/podway-password"
  fi
  backup recorded with_restic init
}

paths_record() {
  own_repo
  id=${record##*/}
  id=${id%.new}
  printf '%s\n' "$origin" >"$record/origin"
  existing_paths >"$record/roots"
  printf -- '-\n' >"$record/snapshot"
  [ -s "$record/roots" ] || return 0
  init_repo
  set -f
  IFS=$NL
  set -- $(cat "$record/roots")
  excluded=$(option excluded)
  if [ "$(option_or tool restic)" = borg ]; then
    name=$id.$$.$(date +%s)
    set -- "$repo::$name" "$@"
    for path in $excluded; do set -- --exclude "pp:${path%/}" "$@"; done
    unset IFS
    set +f
    backup recorded with_borg create --numeric-ids "$@"
  else
    for path in $excluded; do set -- --exclude "$(quote_pattern "${path%/}")" "$@"; done
    unset IFS
    set +f
    backup recorded with_restic backup --json --host podway --tag "$id" "$@"
    name=$(grep -o '"snapshot_id":"[0-9a-f]*"' "$scratch/said" | tail -n 1 | cut -d '"' -f 4)
    [ -n "$name" ] || fail PART_FAILED "part $part: restic told no snapshot"
  fi
  printf '%s\n' "$name" >"$record/snapshot"
}
quote_pattern() { printf '%s' "$1" | sed 's/[][*?\\]/\\&/g'; }

# The backup is laid out beside, then brought over what is there: only what differs is touched, file by file by a rename,
# and what the record does not have goes.
paths_put() {
  new_scratch
  rm -rf -- "$scratch/laid-out"
  mkdir "$scratch/laid-out"
  read -r snapshot <"$record/snapshot"
  read -r origin <"$record/origin"
  use_repo "$origin"
  if [ "$snapshot" != - ]; then
    if [ "$(option_or tool restic)" = borg ]; then
      backup 'put back' in_folder "$ROOT/$scratch/laid-out" with_borg extract --numeric-ids "$repo::$snapshot"
    else
      backup 'put back' with_restic restore "$snapshot" --target "$ROOT/$scratch/laid-out"
    fi
  fi
  option paths >"$scratch/paths"
  while IFS= read -r path <&3; do
    path=${path%/}
    if grep -qxF -- "$path" "$record/roots"; then put_path "$path"; else rm -rf -- "$path"; fi
  done 3<"$scratch/paths"
  sync
}
in_folder() { # FOLDER COMMAND...
  (cd "$1" && shift && "$@")
}
put_path() { # PATH
  from=$scratch/laid-out$1
  mkdir -p "${1%/*}/"
  if [ -d "$from" ] && [ ! -L "$from" ]; then
    if [ -L "$1" ] || [ ! -d "$1" ]; then rm -rf -- "$1"; fi
    option excluded | sed "s:/\$::" | awk -v root="$1/" 'index($0, root) == 1 { print "/" substr($0, length(root) + 1) }' |
      sed 's/[][*?\\]/\\&/g' >"$scratch/exclude"
    backup 'put back' rsync -aHAX --numeric-ids --checksum --delete --exclude-from="$scratch/exclude" "$from/" "$1/"
  else
    [ ! -d "$1" ] || [ -L "$1" ] || rm -rf -- "$1"
    backup 'put back' rsync -aHAX --numeric-ids --checksum "$from" "${1%/*}/"
  fi
}

list_repos() { # BELOW repos
  [ -d "$part_dir/repos/$1" ] || return 0
  (cd "$part_dir/repos" && find "./$1" -type f ! -path '*/locks/*' ! -name 'lock.*' -printf '%p\t%s\n') |
    sed 's:^\./::; s://*:/:g' | sort
}
paths_offer() { list_repos ''; }

# A line (`podway-paths`, origin, bytes of the list), the list of all files of the repository, a tar of what is lacking.
paths_send() {
  new_scratch
  cat >"$scratch/offer"
  read -r origin <"$record/origin"
  : >"$scratch/repo"
  [ "$origin" = - ] || list_repos "$origin" >"$scratch/repo"
  printf 'podway-paths\t%s\t%s\n' "$origin" "$(wc -c <"$scratch/repo")"
  cat "$scratch/repo"
  {
    (cd "$part_dir" && find "records/${record##*/}" -type f)
    comm -13 "$scratch/offer" "$scratch/repo" | cut -f 1 | sed 's:^:repos/:'
  } | tr '\n' '\0' >"$scratch/come"
  tar -C "$part_dir" --create --format=gnu --null --no-unquote --verbatim-files-from -T "$scratch/come" -f - ||
    fail UNREADABLE "the record of part $part cannot be packed"
}

paths_take() {
  IFS=$TAB read -r word origin bytes || fail DELTA_INVALID "nothing came for part $part"
  [ "$word" = podway-paths ] || fail DELTA_INVALID "not a record of paths"
  case $origin in - | ????????????) ;; *) fail DELTA_INVALID "not an origin: $origin" ;; esac
  case $origin in -) ;; *[!0-9a-f]*) fail DELTA_INVALID "not an origin: $origin" ;; esac
  need_number "$bytes"
  head -c "$bytes" >"$scratch/repo"
  mkdir "$scratch/incoming"
  tar -C "$scratch/incoming" --extract -f - 2>"$scratch/trouble" || {
    disk_full && fail DISK_FULL "no space left for part $part"
    fail DELTA_INVALID "cannot unpack: $(head -c 300 "$scratch/trouble")"
  }
  id=${record##*/}
  id=${id%.new}
  [ -z "$(find "$scratch/incoming" ! -type f ! -type d -print -quit)" ] || fail DELTA_INVALID "part $part came with a link"
  [ -z "$(find "$scratch/incoming" -type f ! -path "$scratch/incoming/records/$id/*" \
    ! -path "$scratch/incoming/repos/$origin/*" -print -quit)" ] || fail DELTA_INVALID "part $part came with foreign files"
  cp -a "$scratch/incoming/records/$id/." "$record/"
  [ "$origin" != - ] || return 0
  # An exact mirror: what the other server has given up goes here, too.
  list_repos "$origin" | comm -23 - "$scratch/repo" | cut -f 1 | tr '\n' '\0' | (cd "$part_dir" && mkdir -p repos && cd repos && xargs -0 -r rm -f --)
  mkdir -p "$part_dir/repos/$origin"
  [ ! -d "$scratch/incoming/repos/$origin" ] || cp -alf "$scratch/incoming/repos/$origin/." "$part_dir/repos/$origin/"
  list_repos "$origin" | cmp -s - "$scratch/repo" || fail DELTA_INVALID "the mirror of part $part is not whole"
}

paths_drop() {
  read -r snapshot <"$record/snapshot"
  read -r origin <"$record/origin"
  own_origin
  # Mirrors follow their own server.
  [ "$snapshot" != - ] && { [ "$origin" = - ] || [ "$origin" = "$own" ]; } || return 0
  use_repo "$origin"
  if [ "$(option_or tool restic)" = borg ]; then
    with_borg delete "$repo::$snapshot" >/dev/null 2>&1 || :
  else
    with_restic forget "$snapshot" >/dev/null 2>&1 || :
  fi
}

paths_tidy() {
  own_repo
  if [ "$origin" = - ] || [ -f "$repo/config" ]; then
    if [ "$(option_or tool restic)" = borg ]; then
      with_borg compact "$repo" >/dev/null 2>&1 || :
    else
      with_restic prune >/dev/null 2>&1 || :
    fi
  fi
  for mirror in "$part_dir"/repos/*; do
    [ -d "$mirror" ] && [ "${mirror##*/}" != "$origin" ] || continue
    grep -qxF -- "${mirror##*/}" "$part_dir"/records/*/origin 2>/dev/null || rm -rf -- "$mirror"
  done
}

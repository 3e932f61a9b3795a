
# --- snapshot, switch, restore, complete ---------------------------------------------------------------------------

# Under the lock. What current leads to is on the disk before the link is, and the link before anyone is told.
point_current() { # NAME below releases, or empty for no release
  { [ ! -e "$PW/current.new" ] && [ ! -L "$PW/current.new" ]; } || rm -f "$PW/current.new"
  [ -z "$1" ] || ln -s "releases/$1" "$PW/current.new"
  sync -f .
  if [ -n "$1" ]; then mv -fT "$PW/current.new" current; else rm -f current; fi
  sync -f .
}

# Under the lock. Remembers that the site's own program has yet to be told, should this process end between.
switch_to() { # TREE|-; sets `changed`
  changed=0
  live_tree
  if [ "${live:--}" = "$1" ] && { [ -z "$live" ] || [ "$live_dir" = "releases/$live" ]; }; then return 0; fi
  : >"$PW/reload-pending"
  if [ "$1" = - ]; then point_current ''; else point_current "$1"; fi
  changed=1
}

# Without the lock: runs the program of the POD's `reload` after a switch.
reload_site() { # PROGRAM ARGUMENT...
  [ -e "$PW/reload-pending" ] || return 0
  if [ $# -gt 0 ]; then
    new_scratch
    (
      [ ! -d current ] || cd current
      as_site timeout -k 5 "$RELOAD_WAIT_S" "$@"
    ) >"$scratch/reload" 2>&1 </dev/null || fail RELOAD_FAILED "$1 ended with status $?: $(tail -c 500 "$scratch/reload")"
  fi
  rm -f "$PW/reload-pending"
}

as_site() {
  if [ -n "$SITE_LOCALE" ]; then LC_ALL=$SITE_LOCALE; else unset LC_ALL; fi
  unset PODWAY_HOST_PROC PODWAY_HOST_ETC PODWAY_HOST_RUN
  "$@"
}

verb_snapshot() { # TOKEN DEPLOYMENT WATCHDOG_MS RELOAD...
  need_number "$1" && need_id "$2" && need_number "$3"
  token=$1 deployment=$2 ms=$3
  shift 3
  live_tree
  seen_dir=$live_dir
  fp=$EMPTY_FINGERPRINT
  [ -f "$PW/journal/$deployment.snapshot" ] || [ -z "$live" ] || scan_tree "$live" quick "$live_dir"
  sync -f .
  lock
  fence "$token"
  if [ ! -f "$PW/journal/$deployment.snapshot" ]; then
    live_tree
    [ "$live_dir" = "$seen_dir" ] || fail BUSY "the live tree changed during the snapshot"
    printf '%s\t%s\n' "${live:--}" "$fp" | write_safely "$PW/journal/$deployment.snapshot"
  fi
  arm "$deployment" "$ms" "$@"
  unlock
  printf 'snapshot\t%s\n' "$(cat "$PW/journal/$deployment.snapshot")"
}

verb_switch() { # TOKEN DEPLOYMENT TREE|- FINGERPRINT WATCHDOG_MS|- RELOAD...
  need_number "$1" && need_id "$2" && need_id_or_none "$3" && need_fingerprint "$4"
  [ "$5" = - ] || need_number "$5"
  token=$1 deployment=$2 target=$3 ms=$5
  prove "$target" "$4" quick
  shift 5
  sync -f .
  lock
  fence "$token"
  refuse_fired "$deployment"
  [ "$ms" = - ] || arm "$deployment" "$ms" "$@"
  switch_to "$target"
  unlock
  reload_site "$@"
  printf 'switched\t%s\n' "$changed"
}

verb_restore() { # TOKEN DEPLOYMENT TREE|- FINGERPRINT DISCARD|- RELOAD...
  need_number "$1" && need_id "$2" && need_id_or_none "$3" && need_fingerprint "$4" && need_id_or_none "$5"
  token=$1 deployment=$2 target=$3 expected=$4 discard=$5
  shift 5
  lock
  fence "$token"
  cancel_jobs "$deployment"
  [ "$target" = - ] || [ -d "releases/$target" ] || fail TREE_MISSING "there is no tree $target to go back to"
  switch_to "$target"
  unlock
  reload_site "$@"
  prove "$target" "$expected" deep
  lock
  fence "$token"
  disarm_for "$deployment"
  new_scratch
  mkdir "$scratch/trash"
  live_tree
  if [ "$discard" != - ] && [ "$discard" != "$live" ] && ! is_verified "$discard"; then drop_tree "$discard"; fi
  for old in "$PW/staging/$deployment".??????; do
    [ ! -d "$old" ] || mv "$old" "$scratch/trash/"
  done
  sync "$PW"
  unlock
  throw_away
  printf 'switched\t%s\n' "$changed"
}

is_verified() { [ -f "$PW/verified" ] && grep -qx -- "$1" "$PW/verified"; }

# Under the lock: out of sight at once; the removal itself takes its time later.
drop_tree() { # TREE
  [ ! -d "releases/$1" ] || mv -T "releases/$1" "$scratch/trash/$1"
  rm -f "$PW/manifests/$1" "$PW/manifests/$1.fp"
}

# At the end of a verb that has done its work. An older call may still write in there, as one does whose worker was
# stopped: what cannot be removed now goes with the next release, see clean_up.
throw_away() { remove_folder "$scratch/trash" 2>/dev/null || :; }

verb_complete() { # TOKEN DEPLOYMENT TREE
  need_number "$1" && need_id "$2" && need_id "$3"
  token=$1 deployment=$2 tree=$3
  new_scratch
  mkdir "$scratch/trash"
  lock
  fence "$token"
  [ -d "releases/$tree" ] || fail TREE_MISSING "there is no tree $tree"
  # Verified trees, the last one verified at the end. A tree that never was verified counts for nothing here.
  {
    [ ! -f "$PW/verified" ] || grep -vx -- "$tree" "$PW/verified" || :
    printf '%s\n' "$tree"
  } | tail -n "$KEEP" | write_safely "$PW/verified"
  live_tree
  previous=
  if read_armed; then previous=$armed_previous; fi
  for old in releases/*; do
    old=${old#releases/}
    case $old in "$live" | "$live.heal" | "$previous" | '*') continue ;; esac
    is_verified "$old" || drop_tree "$old"
  done
  clean_up "$deployment"
  sync "$PW"
  unlock
  throw_away
  printf 'completed\t%s\n' "$tree"
}

# Under the lock: what other deployments, ended calls and dropped trees left behind.
clean_up() { # DEPLOYMENT whose markers stay
  for old in "$PW"/staging/*; do
    name=${old##*/}
    case $name in
      scratch.*)
        pid=${name#scratch.}
        kill -0 "${pid%%.*}" 2>/dev/null || mv "$old" "$scratch/trash/"
        ;;
      '*') ;;
      *) mv "$old" "$scratch/trash/" ;;
    esac
  done
  for old in "$PW"/journal/* "$PW"/watchdog/restored/*; do
    case ${old##*/} in "$1" | "$1".* | '*') ;; *) rm -f -- "$old" ;; esac
  done
  for old in "$PW"/manifests/*; do
    name=${old##*/}
    [ -d "releases/${name%.fp}" ] || rm -f -- "$old"
  done
  drop_ended_jobs "$1"
}

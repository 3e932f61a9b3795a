
# --- verbs ---------------------------------------------------------------------------------------------------------

verb_init() {
  for folder in releases shared "$PW" "$PW/bin" "$PW/journal" "$PW/manifests" "$PW/staging" "$PW/jobs" \
    "$PW/parts" "$PW/watchdog" "$PW/watchdog/restored"; do
    [ -d "$folder" ] || mkdir -p "$folder"
  done
  [ "$(stat -c %a "$PW")" = 700 ] || chmod 700 "$PW"
  live_tree
  check_parts
  set -f
  IFS=$NL
  for path in $SHARED; do
    case $path in
      */) [ -d "shared/$path" ] || mkdir -p "shared/$path" ;;
      */*) [ -d "shared/${path%/*}" ] || mkdir -p "shared/${path%/*}" ;;
    esac
  done
  unset IFS
  set +f
  if [ "$(readlink "$PW/bin/podway-host" || :)" != "podway-host-$PODWAY_HOST_VERSION" ]; then
    ln -sfn "podway-host-$PODWAY_HOST_VERSION" "$PW/bin/podway-host.new"
    mv -fT "$PW/bin/podway-host.new" "$PW/bin/podway-host"
    sync "$PW/bin"
  fi
  printf 'ready\t%s\n' "$PODWAY_HOST_VERSION"
}

verb_inspect() {
  boot_id
  seen=0
  [ ! -f "$PW/token" ] || read -r seen <"$PW/token" || :
  printf 'host\t%s\nboot\t%s\ntoken\t%s\n' "$PODWAY_HOST_VERSION" "$boot" "$seen"
  live_tree
  [ -z "$live" ] || printf 'live\t%s\n' "$live"
  for tree in releases/*; do
    tree=${tree#releases/}
    is_id "$tree" && [ -d "releases/$tree" ] || continue
    kept_fingerprint "$tree" || scan_tree "$tree" quick
    verified=0
    if is_verified "$tree"; then verified=1; fi
    printf 'tree\t%s\t%s\t%s\n' "$tree" "$fp" "$verified"
  done
  tell_records
  if read_armed; then
    uptime_ms
    left=$((armed_deadline - up))
    if [ "$armed_boot" != "$boot" ] || [ "$left" -lt 0 ]; then left=0; fi
    printf 'watchdog\t%s\t%s\n' "$armed_deployment" "$left"
  fi
  for record in "$PW"/watchdog/restored/*; do
    record=${record##*/}
    ! is_id "$record" || printf 'restored\t%s\n' "$record"
    ! is_id "$record" || sed -n "s/^left$TAB/left$TAB$record$TAB/p" "$PW/watchdog/restored/$record"
  done
  read -r load rest </proc/loadavg
  printf 'disk\t%s\nload\t%s\ncpus\t%s\n' "$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1024))" "$load" "$(nproc)"
}

[ $# -ge 2 ] || {
  echo 'usage: podway-host ROOT VERB ARGUMENT...' >&2
  exit 10
}
ROOT=${1%/}
VERB=$2
shift 2
SELF=$0
EXCLUDED=
SHARED=
KEEP=5
PARTS=
PART_OPTIONS=
last_part=
while [ $# -gt 0 ]; do
  case $1 in
    -x) EXCLUDED=$EXCLUDED${EXCLUDED:+$NL}${2%/} ;;
    -s) SHARED=$SHARED${SHARED:+$NL}$2 ;;
    -k) KEEP=$2 ;;
    -p)
      PARTS=$PARTS$2$TAB$3$NL
      last_part=$2
      shift
      ;;
    -o)
      PART_OPTIONS=$PART_OPTIONS$last_part$TAB$2$TAB$3$NL
      shift
      ;;
    *) break ;;
  esac
  shift 2
done
[ "${1-}" != -- ] || shift

trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
need_number "$KEEP"
case $ROOT in /*) ;; *) fail USAGE "not an absolute path: $ROOT" ;; esac
cd "$ROOT" || fail LAYOUT "there is no folder $ROOT"

case $VERB in
  init | inspect) "verb_$VERB" ;;
  fingerprint | snapshot | switch | restore | complete | receive | feed | disarm | boot) "verb_$VERB" "$@" ;;
  compare | check) "verb_$VERB" "$@" ;;
  begin-stage) verb_begin_stage "$@" ;;
  commit-stage) verb_commit_stage "$@" ;;
  make-delta) verb_make_delta "$@" ;;
  parts-live) verb_parts_live "$@" ;;
  parts-recorded) verb_parts_recorded "$@" ;;
  part-record) verb_part_record "$@" ;;
  parts-open) verb_parts_open "$@" ;;
  part-put) verb_part_put "$@" ;;
  part-changes) verb_part_changes "$@" ;;
  part-offer) verb_part_offer "$@" ;;
  part-send) verb_part_send "$@" ;;
  part-take) verb_part_take "$@" ;;
  parts-forget) verb_parts_forget "$@" ;;
  watchdog-tick) verb_watchdog_tick ;;
  watchdog-loop) verb_watchdog_loop ;;
  job-start) verb_job_start "$@" ;;
  job-run) verb_job_run "$@" ;;
  job-follow) verb_job_follow "$@" ;;
  job-cancel) verb_job_cancel "$@" ;;
  *) fail USAGE "not a verb: $VERB" ;;
esac

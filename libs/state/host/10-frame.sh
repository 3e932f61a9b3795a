#!/bin/sh
# podway-host: everything that Podway does on a server goes through this script.
#
#   sh podway-host ROOT VERB [-x EXCLUDED]... [-s SHARED]... [-k KEEP] [-p PART KIND [-o KEY VALUE]...]... [--] ARGUMENT...
#
# Needs POSIX sh, coreutils, findutils, diffutils, GNU tar, flock and awk. Answers are lines of tab-separated fields on
# standard output. A failure is one line `error<TAB>CODE<TAB>text` on standard error and an exit code of its own.
# A mutating verb takes the fencing token first and the deployment second.
set -eu
PODWAY_HOST_VERSION=1

TAB='	'
NL='
'
PW=.podway
EMPTY_FINGERPRINT=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
LOCK_WAIT_S=30
RELOAD_WAIT_S=60

# What the site's own programs are given back: this script's locale is not theirs.
SITE_LOCALE=${LC_ALL-}
LC_ALL=C
PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022

# For tests only: folders that stand in for /proc, /etc and /run.
PROC=${PODWAY_HOST_PROC:-/proc}
ETC=${PODWAY_HOST_ETC:-/etc}
RUN=${PODWAY_HOST_RUN:-/run}

# Both relative to ROOT, whose name may hold anything; awk would read some of it as its own.
scratch=
stage=

fail() { # CODE TEXT
  case $1 in
    USAGE) status=10 ;;
    FENCED) status=11 ;;
    BUSY) status=12 ;;
    LAYOUT) status=13 ;;
    TREE_MISSING) status=14 ;;
    FINGERPRINT_MISMATCH) status=15 ;;
    NAME_REFUSED) status=16 ;;
    SPECIAL_FILE) status=17 ;;
    UNREADABLE) status=18 ;;
    DISK_FULL) status=19 ;;
    STAGE_MISSING) status=20 ;;
    DELTA_INVALID) status=21 ;;
    RELOAD_FAILED) status=22 ;;
    WATCHDOG_FIRED) status=23 ;;
    WATCHDOG_NOT_ARMED) status=24 ;;
    JOB_MISSING) status=25 ;;
    JOB_NOT_STARTED) status=26 ;;
    RECORD_MISSING) status=27 ;;
    TOOL_MISSING) status=28 ;;
    PART_FAILED) status=29 ;;
    LOSS_WINDOW) status=30 ;;
    *) status=39 ;;
  esac
  printf 'error\t%s\t%s\n' "$1" "$(one_line "$2")" >&2
  exit "$status"
}

one_line() { printf '%s' "$1" | tr -c '[:print:]' ' ' | cut -c1-1000; }

# btrfs counts no inodes: it has 0 of 0 left.
disk_full() {
  [ "$(df -Pk . 2>/dev/null | awk 'NR == 2 { print ($4 + 0 < 64) }')" = 1 ] ||
    [ "$(df -Pi . 2>/dev/null | awk 'NR == 2 { print ($2 != "0" && $4 == "0") }')" = 1 ]
}

# A command that failed without a code of its own ended the script by `set -e`.
finish() {
  status=$?
  trap - EXIT
  if [ "$status" -ne 0 ] && { [ "$status" -lt 10 ] || [ "$status" -gt 39 ]; }; then
    if disk_full; then
      printf 'error\tDISK_FULL\tno space left below %s\n' "$(one_line "$ROOT")" >&2
      status=19
    else
      printf 'error\tCOMMAND_FAILED\tverb %s ended with status %s\n' "$(one_line "$VERB")" "$status" >&2
      status=39
    fi
  fi
  [ -z "$scratch" ] || rm -rf -- "$scratch" 2>/dev/null || :
  [ -z "$stage" ] || remove_folder "$stage" 2>/dev/null || :
  exit "$status"
}

new_scratch() { [ -n "$scratch" ] || scratch=$(mktemp -d "$PW/staging/scratch.$$.XXXXXX"); }

# A folder that its own owner may not write to holds its entries back from a user other than root.
remove_folder() {
  rm -rf -- "$1" 2>/dev/null || {
    find "$1" -type d -exec chmod u+rwx {} +
    rm -rf -- "$1"
  }
}

is_id() {
  case $1 in '' | *[!0-9A-HJKMNP-TV-Z]*) return 1 ;; esac
  [ ${#1} -eq 26 ]
}
need_id() { is_id "$1" || fail USAGE "not an id: $1"; }
need_id_or_none() { [ "$1" = - ] || need_id "$1"; }
need_number() {
  case $1 in '' | *[!0-9]*) fail USAGE "not a number: $1" ;; esac
  [ ${#1} -le 16 ] || fail USAGE "number is too large: $1"
}
need_fingerprint() {
  case $1 in *[!0-9a-f]*) fail USAGE "not a fingerprint: $1" ;; esac
  [ ${#1} -eq 64 ] || fail USAGE "not a fingerprint: $1"
}
need_job() {
  case $1 in '' | .* | *[!A-Za-z0-9._-]*) fail USAGE "not a job id: $1" ;; esac
  [ ${#1} -le 128 ] || fail USAGE "job id is too long"
}

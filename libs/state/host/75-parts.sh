# --- parts: what else of the server is recorded and put back as one with the tree ----------------------------------

# A part is parts/<name>; a state of it is the record parts/<name>/records/<id>, whose file `fingerprint` says what it is
# a record of. The id is a release's, or `before.<deployment>`: what was there when that deployment began to change it.
# Each kind of part has functions of its own, called with `part`, `part_dir` and mostly `record` set:
#   <kind>_check              refuses when the server lacks a tool
#   <kind>_fingerprint deep|quick   sets `fp` to the fingerprint of what is live
#   <kind>_record             writes the live state down in the folder $record
#   <kind>_put                makes what is live the same as the record; may be cut, and is called again then
#   <kind>_is_as_recorded     optional: with the right fingerprint, whether all else is as in the record, too
#   <kind>_finish             optional: what a call that was cut has left half-way
#   <kind>_opens switch|restore   optional: from now on users may write to what is live
#   <kind>_offer              prints what this server has already, for the one that will send to it
#   <kind>_send               gets an offer on standard input, writes the record to standard output
#   <kind>_take               gets that on standard input, fills the folder $record
#   <kind>_drop               gives up what the record holds outside of its folder
#   <kind>_tidy               after records were dropped

use_part() { # NAME: sets `part`, `kind` and `part_dir`
  part=$1
  kind=$(printf '%s' "$PARTS" | awk -F "$TAB" -v name="$1" '$1 == name { print $2; exit }')
  [ -n "$kind" ] || fail USAGE "not a part of this POD: $1"
  part_dir=$PW/parts/$part
}

option() { # KEY: prints each value of the part's option on a line
  printf '%s' "$PART_OPTIONS" | awk -F "$TAB" -v part="$part" -v key="$1" '
    $1 == part && $2 == key { print substr($0, length($1) + length($2) + 3) }'
}

option_or() { # KEY DEFAULT
  value=$(option "$1")
  printf '%s' "${value:-$2}"
}

need_tool() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null 2>&1 || fail TOOL_MISSING "part $part needs the program $1: install the package $2"
}

part_names() { [ -z "$PARTS" ] || printf '%s' "$PARTS" | cut -f 1; }

need_record_id() { need_id "${1#before.}"; }

check_parts() {
  for name in $(part_names); do
    use_part "$name"
    "${kind}_check"
    [ -d "$part_dir/records" ] || mkdir -p "$part_dir/records"
  done
}

# What changes parts waits for what does so already, and then asks the fence: the other one may have been the newer.
enter_parts() { # TOKEN
  lock
  fence "$1"
  unlock
  parts_lock
  lock
  fence "$1"
  unlock
}
# Children share descriptor 7, so that nothing begins while a program of an older call still works.
parts_lock() {
  exec 7>>"$PW/parts/lock"
  flock -w "$LOCK_WAIT_S" 7 || fail BUSY "another call has worked on the parts for $LOCK_WAIT_S seconds"
}

# Sets `own` to what this server is called in records of the part: unlike any other server.
own_origin() {
  if [ ! -f "$part_dir/own" ]; then
    tr -d - <"$PROC/sys/kernel/random/uuid" 2>/dev/null | cut -c1-12 >"$part_dir/own.new" || :
    [ -s "$part_dir/own.new" ] || od -An -N6 -tx1 /dev/urandom | tr -d ' \n' >"$part_dir/own.new"
    mv "$part_dir/own.new" "$part_dir/own"
  fi
  own=$(cat "$part_dir/own")
}

# After a scan: what `fp` says nothing of yet, which is access lists, capabilities and the attributes of users.
add_attributes() { # FOLDER
  cut -f 1 "$scratch/list" | sed 's:^:./:' | tr '\n' '\0' | (
    cd "$1"
    xargs -0 -r getfattr -h -d -m '^(user\.|security\.capability|system\.posix_acl)' -e hex -- 2>/dev/null
  ) >"$scratch/attributes" || :
  fp=$(printf '%s\n' "$fp" | cat - "$scratch/attributes" | sha256sum)
  fp=${fp%% *}
}

tell_part() { printf 'part\t%s\t%s\n' "$part" "$fp"; }

# Sets `record` and `fp` to the record's, or fails.
find_record() { # ID
  record=$part_dir/records/$1
  [ -f "$record/fingerprint" ] || return 1
  read -r fp <"$record/fingerprint"
}

verb_parts_live() { # deep|quick
  for name in $(part_names); do
    use_part "$name"
    "${kind}_fingerprint" "$1"
    tell_part
  done
}

# With it, for a release, the fingerprints that its tree was seen with: the one that was proved is among them.
verb_parts_recorded() { # ID
  need_record_id "$1"
  for file in "$PW/manifests/$1.fp" "$EXPECTED/$1.fp"; do
    [ -f "$file" ] && IFS=$TAB read -r kept_fp kept_rest <"$file" && printf 'kept\t%s\n' "$kept_fp" || :
  done
  for name in $(part_names); do
    use_part "$name"
    if find_record "$1"; then tell_part; fi
  done
}

# Of releases only.
tell_records() {
  for name in $(part_names); do
    use_part "$name"
    for record in "$part_dir"/records/*; do
      id=${record##*/}
      if is_id "$id" && find_record "$id"; then printf 'record\t%s\t%s\t%s\n' "$id" "$part" "$fp"; fi
    done
  done
}

keep_record() { # TOKEN: the filled folder $record.new becomes the record of the state `fp`
  printf '%s\n' "$fp" >"$record.new/fingerprint"
  sync -f "$part_dir"
  lock
  fence "$1"
  rm -rf -- "$record"
  mv -T "$record.new" "$record"
  sync "${record%/*}"
  unlock
}

verb_part_record() { # TOKEN DEPLOYMENT PART ID
  need_number "$1" && need_id "$2" && need_record_id "$4"
  use_part "$3"
  for_deployment=$2
  enter_parts "$1"
  if ! find_record "$4"; then
    rm -rf -- "$record.new"
    mkdir -p "$record.new"
    if_there "${kind}_finish"
    "${kind}_fingerprint" quick
    first=$fp
    kept=$record record=$record.new
    "${kind}_record"
    record=$kept
    "${kind}_fingerprint" quick
    [ "$fp" = "$first" ] || fail BUSY "part $part changed while it was recorded"
    [ ! -f "$part_dir/manifest" ] || cp "$part_dir/manifest" "$record.new/manifest"
    keep_record "$1"
  fi
  tell_part
}

if_there() { ! command -v "$1" >/dev/null || "$@"; }

# Makes the part's live state the recorded one, and proves it; sets `changed`. Kinds also read `how` (switch or restore),
# `for_deployment` and `accept_loss`.
put_part() { # ID deep|quick
  find_record "$1" || fail RECORD_MISSING "part $part has no record of $1"
  wanted=$fp changed=0
  "${kind}_fingerprint" "$2"
  if [ "$fp" = "$wanted" ] && if_there "${kind}_is_as_recorded"; then return 0; fi
  changed=1
  : >"$PW/reload-pending"
  "${kind}_put"
  "${kind}_fingerprint" deep
  [ "$fp" = "$wanted" ] || fail FINGERPRINT_MISMATCH "part $part has fingerprint $fp after it was put back, not $wanted"
}

verb_part_put() { # TOKEN DEPLOYMENT PART ID switch|restore [serve] [accept-loss]
  need_number "$1" && need_id "$2" && need_record_id "$4"
  use_part "$3"
  for_deployment=$2 how=$5
  case " $* " in *' accept-loss '*) accept_loss=1 ;; *) accept_loss= ;; esac
  depth=quick
  if [ "$5" = restore ]; then
    # Whatever the deployment still runs here must not change anything any more.
    depth=deep
    lock
    fence "$1"
    cancel_jobs "$2"
    unlock
  fi
  enter_parts "$1"
  [ "$5" = restore ] || refuse_fired "$2"
  put_part "$4" "$depth"
  case " $* " in *' restore '* | *' serve '*) if_there "${kind}_opens" "$how" ;; esac
  printf 'part\t%s\t%s\t%s\n' "$part" "$fp" "$changed"
}

# How two states of a part differ, where its kind keeps manifests: as `compare` tells it of trees.
verb_part_changes() { # PART ID|live ID|live LIMIT
  use_part "$1"
  need_number "$4"
  set -- "$(part_manifest "$2")" "$(part_manifest "$3")" "$4"
  if [ -f "$1" ] && [ -f "$2" ]; then tell_changes "$1" "$2" "$3" ''; fi
}
part_manifest() { # ID|live
  if [ "$1" = live ]; then printf '%s' "$part_dir/manifest"; else
    need_record_id "$1"
    printf '%s' "$part_dir/records/$1/manifest"
  fi
}

# The server goes into rotation with what a deployment made of it.
verb_parts_open() { # TOKEN DEPLOYMENT
  need_number "$1" && need_id "$2"
  for_deployment=$2 changed=0
  enter_parts "$1"
  for name in $(part_names); do
    use_part "$name"
    if_there "${kind}_opens" switch
  done
  printf 'open\t%s\n' "$2"
}

verb_part_offer() { # PART
  use_part "$1"
  "${kind}_offer"
}

verb_part_send() { # PART ID, an offer on standard input
  need_record_id "$2"
  use_part "$1"
  find_record "$2" || fail RECORD_MISSING "part $part has no record of $2"
  "${kind}_send"
}

verb_part_take() { # TOKEN DEPLOYMENT PART ID FINGERPRINT, what was sent on standard input
  need_number "$1" && need_id "$2" && need_record_id "$4" && need_fingerprint "$5"
  use_part "$3"
  enter_parts "$1"
  if ! find_record "$4" || [ "$fp" != "$5" ]; then
    new_scratch
    rm -rf -- "$record.new"
    mkdir -p "$record.new"
    kept=$record record=$record.new
    "${kind}_take"
    record=$kept fp=$5
    keep_record "$1"
  fi
  cat >/dev/null
  tell_part
}

# Records that no kept release and no running deployment needs.
verb_parts_forget() { # TOKEN DEPLOYMENT
  need_number "$1" && need_id "$2"
  enter_parts "$1"
  live_tree
  for name in $(part_names); do
    use_part "$name"
    dropped=
    for record in "$part_dir"/records/*; do
      id=${record##*/}
      case $id in '*' | "before.$2" | "$live") continue ;; esac
      ! is_verified "$id" || continue
      [ ! -f "$record/fingerprint" ] || "${kind}_drop"
      rm -rf -- "$record"
      dropped=1
    done
    [ -z "$dropped" ] || "${kind}_tidy"
  done
  printf 'forgotten\t%s\n' "$2"
}

heal_part() { # DEPLOYMENT
  (
    trap - EXIT
    put_part "before.$1" deep || exit 1
    [ "$changed" = 0 ] || : >"$PW/parts/put-back"
  )
}

# For the watchdog, under the lock: the parts of the armed deployment as they were. Kinds that only an operator may put
# back, and what could not be put back, are added to `left`. Fails while a program of an older call still works on them.
put_parts_back() { # DEPLOYMENT
  left=
  [ -n "$PARTS" ] || return 0
  exec 7>>"$PW/parts/lock"
  flock -w 5 7 || return 1
  new_scratch
  for_deployment=$1 how=restore accept_loss=
  for name in $(part_names | tac); do
    use_part "$name"
    find_record "before.$1" || continue
    case $kind in paths | volume) heal_part "$1" >/dev/null 2>&1 && continue ;; esac
    # What the update has not changed needs nobody.
    ! (trap - EXIT && "${kind}_fingerprint" deep && [ "$fp" = "$(cat "$record/fingerprint")" ] && if_there "${kind}_is_as_recorded") >/dev/null 2>&1 || continue
    left="${left}left$TAB$name$NL"
  done
  exec 7>&-
}

# The watchdog's own calls name no parts: it has those that were named when it was armed.
save_parts() { printf '%s%s' "$PARTS" "$PART_OPTIONS" | write_safely "$PW/watchdog/parts"; }
load_parts() {
  [ -z "$PARTS" ] && [ -f "$PW/watchdog/parts" ] || return 0
  PARTS=$(awk -F "$TAB" 'NF == 2' "$PW/watchdog/parts")$NL
  PART_OPTIONS=$(awk -F "$TAB" 'NF > 2' "$PW/watchdog/parts")$NL
}

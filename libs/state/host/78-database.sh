# --- database: PostgreSQL or MariaDB, recorded by their own dumps --------------------------------------------------

# A record: `dump`, or `absent` where there was no such database; `data` (a line a table: name, rows, SHA-256 of the rows in
# the order of their digests), missing where others wrote all the time; `at` (seconds since 1970); `windows` (how many times
# users had written by then, see below); `wrote` where the deployment changed data. Without a dump it is one that another
# server has: of a database that all servers of the POD share.
#
# Users write between releases, so putting a record back may lose what they wrote. In the part's folder:
#   serving   deployment, switch|restore, seconds: what this server was given to users with, `serving.data` what it held
#   windows   a line for each time that users have written between two deployments: from, to
#   same      a write marker of the database, and the digest of the `data` that it held then
#   known     a write marker, the settings, and the fingerprint then
#   putting   the record that is being put in place of a database that cannot be swapped
#
# An engine's own functions: <engine>_connection, _exists, _mark, _schema, _rows, _dump, _put.

database_check() {
  use_database
  if [ "$engine" = mariadb ]; then
    need_tool mariadb mariadb-client
    need_tool mariadb-dump mariadb-client
  else
    for tool in psql pg_dump pg_restore; do need_tool "$tool" postgresql-client; done
  fi
}

use_database() {
  engine=$(option engine)
  database=$(option database)
  scope=$(option_or scope server)
  compare=$(option_or compare schema)
  writes=$(option_or writes drained)
  new_scratch
  db_user=$(option user)
  db_host=$(option host)
  db_socket=$(option socket)
  db_port=$(option port)
  db_password=
  password_file=$(option passwordFile)
  if [ -n "$password_file" ]; then
    [ -r "$password_file" ] || fail PART_FAILED "part $part: cannot read $password_file"
    IFS= read -r db_password <"$password_file" || [ -n "$db_password" ] || fail PART_FAILED "part $part: $password_file is empty"
  fi
  "${engine}_connection"
}

# --- what is there ---

database_fingerprint() { # deep|quick
  use_database
  "${engine}_mark"
  settings=$(printf '%s' "$PART_OPTIONS" | awk -F "$TAB" -v part="$part" '$1 == part' | sha256sum)
  if [ "$1" = quick ] && [ "$mark" != - ] && [ -f "$part_dir/known" ] &&
    [ "$(cut -f 1,2 "$part_dir/known")" = "$mark$TAB${settings%% *}" ]; then
    fp=$(cut -f 3 "$part_dir/known")
    return 0
  fi
  fingerprint_database "$database"
  [ "$mark" = - ] || keep_line known "$mark$TAB${settings%% *}$TAB$fp"
}

fingerprint_database() { # DATABASE: sets `fp`
  fp=$EMPTY_FINGERPRINT
  "${engine}_exists" "$1" || return 0
  "${engine}_schema" "$1"
  : >"$scratch/data"
  if [ "$compare" = all ]; then read_data "$1" all; elif [ -n "$(option content)" ]; then read_data "$1" content; fi
  fp=$(cat "$scratch/schema" "$scratch/data" | sha256sum)
  fp=${fp%% *}
}

# Writes $scratch/data. The engine tells lines `T number name` and `R number digest` to $scratch/said; rows have no order
# of their own, so theirs is that of their digests.
read_data() { # DATABASE all|content
  : >"$scratch/data"
  "${engine}_exists" "$1" || return 0
  "${engine}_rows" "$1" "$2"
  grep "^R$TAB" "$scratch/said" | cut -f 2,3 >"$scratch/rows" || :
  sort -T "$scratch" -o "$scratch/rows" "$scratch/rows"
  rm -rf -- "$scratch/tables"
  mkdir "$scratch/tables"
  awk -F "$TAB" -v folder="$scratch/tables" '
    $1 !~ /^[0-9]+$/ || $2 !~ /^[0-9a-f]+$/ { exit 3 }
    NR == 1 || $1 != now { if (NR > 1) close(digest); now = $1; digest = "sha256sum >" folder "/" now }
    { print $2 | digest; rows[now]++ }
    END { if (NR > 0) close(digest); for (each in rows) print each "\t" rows[each] }' "$scratch/rows" >"$scratch/counts" ||
    fail PART_FAILED "part $part: rows came in another form"
  grep "^T$TAB" "$scratch/said" | cut -f 2,3 >"$scratch/names" || :
  while IFS=$TAB read -r number table_name; do
    count=$(awk -F "$TAB" -v number="$number" '$1 == number { print $2 }' "$scratch/counts")
    digest=-
    [ ! -f "$scratch/tables/$number" ] || read -r digest rest <"$scratch/tables/$number"
    printf '%s\t%s\t%s\n' "$table_name" "${count:-0}" "$digest"
  done <"$scratch/names" | sort >"$scratch/data"
}

keep_line() { # FILE LINE
  printf '%s\n' "$2" >"$scratch/line"
  mv -f "$scratch/line" "$part_dir/$1"
}

# A marker that has not moved says that nothing was written; where it has, or there is none, the data are read.
holds_data_of() { # FILE
  [ -f "$1" ] || return 1
  wanted_data=$(sha256sum <"$1")
  "${engine}_mark"
  [ "$mark" = - ] || [ ! -f "$part_dir/same" ] || [ "$(cat "$part_dir/same")" != "$mark$TAB${wanted_data%% *}" ] || return 0
  read_data "$database" all
  cmp -s "$scratch/data" "$1" || return 1
  [ "$mark" = - ] || keep_line same "$mark$TAB${wanted_data%% *}"
}

# --- recording ---

database_record() {
  use_database
  id=${record##*/}
  id=${id%.new}
  case $id in before.*) close_window ;; esac
  date +%s >"$record/at"
  count_windows >"$record/windows"
  if "${engine}_exists" "$database"; then dump_database; else : >"$record/absent" && : >"$record/data"; fi
  case $id in before.*) return 0 ;; esac
  cmp -s "$record/data" "$part_dir/records/before.$for_deployment/data" || : >"$record/wrote"
  # Users write already: what they had written by now is all that is known.
  [ "$writes" != open ] || [ ! -f "$record/data" ] || keep_serving switch "$record/data"
}

# Until nothing was written meanwhile, but not for ever: then the record does not say what its rows are.
dump_database() {
  for try in 1 2 3; do
    "${engine}_mark"
    mark_before=$mark
    read_data "$database" all
    mv -f "$scratch/data" "$record/data"
    "${engine}_dump"
    "${engine}_mark"
    [ "$mark" = - ] || [ "$mark" != "$mark_before" ] || return 0
    read_data "$database" all
    ! cmp -s "$scratch/data" "$record/data" || return 0
  done
  rm -f "$record/data"
}

# What a cut call left half-way is done first.
database_finish() {
  use_database
  [ -f "$part_dir/putting" ] || return 0
  read -r unfinished <"$part_dir/putting"
  outer=$record record=$part_dir/records/$unfinished
  [ -f "$record/fingerprint" ] || fail PART_FAILED "part $part was being put back to $unfinished, whose record is gone"
  "${engine}_put"
  rm -f "$part_dir/putting"
  record=$outer
}

# --- what users have written ---

is_serving() { # DEPLOYMENT switch|restore: whether this server was given to users with what that made of it
  [ -f "$part_dir/serving" ] && [ "$(cut -f 1,2 "$part_dir/serving")" = "$1$TAB$2" ]
}
keep_serving() { # switch|restore DATA
  cp "$2" "$part_dir/serving.data.new"
  mv -f "$part_dir/serving.data.new" "$part_dir/serving.data"
  printf '%s\t%s\t%s\n' "$for_deployment" "$1" "$(date +%s)" | write_safely "$part_dir/serving"
}

# From here on users may write. Once a deployment: a second copy of the command comes when they have.
database_opens() { # switch|restore
  use_database
  ! is_serving "$for_deployment" "$1" || return 0
  # What was put there is known: they may have written already.
  if { [ "$changed" = 1 ] || [ "$1" = restore ]; } && [ -f "$record/data" ]; then
    keep_serving "$1" "$record/data"
  else
    read_data "$database" all
    keep_serving "$1" "$scratch/data"
  fi
}

count_windows() { if [ -f "$part_dir/windows" ]; then grep -c . "$part_dir/windows"; else echo 0; fi; }
close_window() {
  [ -f "$part_dir/serving" ] || return 0
  if ! holds_data_of "$part_dir/serving.data"; then
    printf '%s\t%s\n' "$(cut -f 3 "$part_dir/serving")" "$(date +%s)" >>"$part_dir/windows"
  fi
  rm -f "$part_dir/serving"
}

# Refuses what would lose writes of users, unless an operator has accepted that. On a drained server there are none
# before it serves again, and none at all where the gateway refuses them for the time.
refuse_loss() {
  [ -z "$accept_loss" ] && [ ! -f "$part_dir/putting" ] || return 0
  if [ "$how$writes" = restoreopen ] && ! is_serving "$for_deployment" restore; then
    refuse_written "$record/data" "$(cat "$record/at")"
  elif is_serving "$for_deployment" "$how" || is_serving "$for_deployment" switch; then
    [ "$writes" != fenced ] || ! is_serving "$for_deployment" switch || return 0
    refuse_written "$part_dir/serving.data" "$(cut -f 3 "$part_dir/serving")"
  elif [ "$how" = switch ] && [ "${record##*/}" != "$for_deployment" ]; then
    had=$(cat "$record/windows")
    [ "$(count_windows)" -gt "$had" ] || return 0
    from=$(sed -n "$((had + 1))p" "$part_dir/windows" | cut -f 1)
    to=$(tail -n 1 "$part_dir/windows" | cut -f 2)
    fail LOSS_WINDOW "part $part: users have written since release ${record##*/} was recorded, from $(moment "$from") to $(moment "$to"); going back to it would lose that"
  fi
}

refuse_written() { # DATA SECONDS
  ! holds_data_of "$1" || return 0
  read_data "$database" all
  tables='what it held is not known'
  [ ! -f "$1" ] || tables=$(awk -F "$TAB" '
    NR == FNR { rows[$1] = $2; digest[$1] = $3; next }
    { seen[$1] }
    !($1 in rows) { print $1 " (new)"; next }
    $3 != digest[$1] { print $1 ($2 == rows[$1] ? " (changed)" : sprintf(" (%+d rows)", $2 - rows[$1])) }
    END { for (each in rows) if (!(each in seen)) print each " (gone)" }' "$1" "$scratch/data" | sort | head -n 10 | tr '\n' ';')
  fail LOSS_WINDOW "part $part: users have written from $(moment "$2") to $(moment "$(date +%s)"), and that would be lost: ${tables%;}"
}
moment() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

# --- putting back ---

# The fingerprint may not tell the data. Back means that they are back, too. Forward, a server gets the data of the canary
# when the update has changed some; going back to an earlier release leaves them alone where the fingerprint is right.
database_is_as_recorded() {
  use_database
  [ ! -f "$part_dir/putting" ] || return 1
  ! is_serving "$for_deployment" "$how" || return 0
  if [ "$how" = switch ]; then
    [ "$scope" = server ] && [ "${record##*/}" = "$for_deployment" ] && [ -f "$record/wrote" ] || return 0
  fi
  holds_data_of "$record/data"
}

database_put() {
  use_database
  [ -f "$record/dump" ] || [ -f "$record/absent" ] ||
    fail RECORD_MISSING "part $part: the dump of ${record##*/} is on the server that was the canary then"
  refuse_loss
  "${engine}_put"
  rm -f "$part_dir/known"
}

# A dump beside the live database, before that is touched.
prove_beside() { # DATABASE
  proved_for=${fp-}
  fingerprint_database "$1"
  read -r recorded <"$record/fingerprint"
  [ "$fp" = "$recorded" ] || fail FINGERPRINT_MISMATCH "part $part: the dump of ${record##*/} gives $fp, not $recorded"
  if [ -f "$record/data" ]; then
    read_data "$1" all
    cmp -s "$scratch/data" "$record/data" || fail FINGERPRINT_MISMATCH "part $part: the dump of ${record##*/} gives other data"
  fi
  fp=$proved_for
}

# --- carrying ---

database_offer() { :; }

database_send() {
  use_database
  cat >/dev/null
  set -- fingerprint at
  for file in dump absent charset data wrote; do
    [ "$scope" = server ] || [ "$file" != dump ] || continue
    [ ! -f "$record/$file" ] || set -- "$@" "$file"
  done
  tar -C "$record" --create --format=gnu -f - -- "$@" || fail UNREADABLE "the record of part $part cannot be packed"
}

database_take() {
  mkdir "$scratch/incoming"
  tar -C "$scratch/incoming" --extract --no-same-owner --no-same-permissions -f - 2>"$scratch/trouble" || {
    disk_full && fail DISK_FULL "no space left for part $part"
    fail DELTA_INVALID "cannot unpack: $(head -c 300 "$scratch/trouble")"
  }
  for file in "$scratch"/incoming/* "$scratch"/incoming/.[!.]*; do
    case ${file##*/} in
      fingerprint | at | dump | absent | charset | data | wrote)
        [ -f "$file" ] && [ ! -L "$file" ] || fail DELTA_INVALID "part $part came with more than files"
        mv "$file" "$record/"
        ;;
      '*' | '.[!.]*') ;;
      *) fail DELTA_INVALID "part $part came with foreign files" ;;
    esac
  done
  need_number "$(cat "$record/at")"
  count_windows >"$record/windows"
}

database_drop() { :; }
database_tidy() { :; }

# --- command: what programs of the operator record, put back and compare -------------------------------------------

# A record: `name`, which no other server's record has, and `files`, the folder that the programs run in. That folder is
# carried to other servers, or what `send` writes instead. Without `send` the server that made a record also drops it.

command_check() {
  for what in fingerprint snapshot restore send take drop; do
    program=$(option "commands.$what" | sed -n 1p)
    [ -z "$program" ] || command -v "$program" >/dev/null 2>&1 ||
      fail TOOL_MISSING "part $part needs the program $program"
  done
}

is_given() { [ -n "$(option "commands.$1" | sed -n 1p)" ]; }

# In a subshell that becomes the program. Nothing of it is read by a shell.
become_program() { # WHAT FOLDER
  lines=$(option "commands.$1" && echo .)
  set -- "$2"
  while [ "$lines" != . ]; do
    word=${lines%%"$NL"*}
    lines=${lines#*"$NL"}
    while :; do
      case $word in
        *'{record}'*) word=${word%%'{record}'*}$name${word#*'{record}'} ;;
        *) break ;;
      esac
    done
    set -- "$@" "$word"
  done
  cd "$1" || exit 126
  shift
  export PODWAY_POD_PATH="$ROOT" PODWAY_PART="$part" PODWAY_RECORD="$name"
  as_site exec timeout -k 5 "$((ms / 1000)).$(printf '%03d' "$((ms % 1000))")" "$@"
}

# What it says on standard error is in $scratch/trouble.
run_program() { # WHAT FOLDER
  ms=$(option_or timeoutMs 1800000)
  status=0
  (become_program "$@") 2>"$scratch/trouble" || status=$?
  [ "$status" -ne 0 ] || return 0
  how="ended with status $status"
  [ "$status" -ne 124 ] || how="took longer than $ms ms"
  return 1
}

program_failed() { # WHAT
  fail PART_FAILED "part $part: the program for $1 $how: $(tail -c 500 "$scratch/trouble")"
}

use_record_name() { read -r name <"$record/name"; }

command_fingerprint() { # deep|quick
  new_scratch
  name=
  {
    run_program fingerprint "$part_dir" || printf '%s\n' "$how" >"$scratch/how"
  } </dev/null | sha256sum >"$scratch/sum"
  if [ -f "$scratch/how" ]; then
    how=$(cat "$scratch/how")
    rm -f "$scratch/how"
    program_failed fingerprint
  fi
  fp=$(cut -c1-64 "$scratch/sum")
}

command_record() {
  new_scratch
  own_origin
  id=${record##*/}
  name=${id%.new}.$own
  mkdir "$record/files"
  printf '%s\n' "$name" >"$record/name"
  run_program snapshot "$record/files" </dev/null >"$scratch/said" || program_failed snapshot
}

command_put() {
  new_scratch
  use_record_name
  run_program restore "$record/files" </dev/null >"$scratch/said" || program_failed restore
}

command_offer() { :; }

# A line (`podway-command`, name, `files` or `send`), then a tar of the folder or what the program wrote.
command_send() {
  cat >/dev/null
  new_scratch
  use_record_name
  if is_given send; then
    printf 'podway-command\t%s\tsend\n' "$name"
    run_program send "$record/files" </dev/null || program_failed send
  else
    printf 'podway-command\t%s\tfiles\n' "$name"
    tar -C "$record/files" --create --format=gnu --numeric-owner -f - . ||
      fail UNREADABLE "the record of part $part cannot be packed"
  fi
}

command_take() {
  IFS=$TAB read -r word name how || fail DELTA_INVALID "nothing came for part $part"
  [ "$word" = podway-command ] || fail DELTA_INVALID "not a record of a command"
  need_record_id "${name%.*}"
  case ${name##*.} in *[!0-9a-f]*) fail DELTA_INVALID "not the name of a record: $name" ;; esac
  mkdir "$record/files"
  printf '%s\n' "$name" >"$record/name"
  if is_given take; then
    [ "$how" = send ] || fail DELTA_INVALID "part $part came as $how, but take is given"
    run_program take "$record/files" >"$scratch/said" || program_failed take
  else
    [ "$how" = files ] || fail DELTA_INVALID "part $part came as $how, but no take is given"
    tar -C "$record/files" --extract --numeric-owner -p -f - 2>"$scratch/trouble" || {
      disk_full && fail DISK_FULL "no space left for part $part"
      fail DELTA_INVALID "cannot unpack: $(head -c 300 "$scratch/trouble")"
    }
  fi
}

# The program is run when all records have been looked at. What it cannot drop is tried again at the next update.
command_drop() {
  is_given drop || return 0
  use_record_name
  own_origin
  if ! is_given send && [ "${name##*.}" != "$own" ]; then return 0; fi
  mkdir -p "$part_dir/dropped"
  rm -rf -- "$part_dir/dropped/$name"
  mv -T "$record" "$part_dir/dropped/$name"
}

command_tidy() {
  new_scratch
  for record in "$part_dir"/dropped/*; do
    [ -d "$record" ] || continue
    use_record_name
    if run_program drop "$record/files" </dev/null >"$scratch/said"; then rm -rf -- "$record"; fi
  done
}

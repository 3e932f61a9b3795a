
# --- lock, fence, safe writing -------------------------------------------------------------------------------------

# The lock is for short work only: what takes long is done in a private folder and committed under the lock.
# Children share descriptor 9: while one of them still changes something, nobody else gets the lock.
lock() {
  exec 9>>"$PW/lock"
  flock -w "$LOCK_WAIT_S" 9 || fail BUSY "another call has held the lock for $LOCK_WAIT_S seconds"
}
unlock() { exec 9>&-; }

# Under the lock. After a power cut the file is there as before or as now, never in between.
write_safely() { # FILE, content on standard input
  cat >"$1.new"
  sync "$1.new"
  mv -f "$1.new" "$1"
  sync "${1%/*}"
}

# Under the lock: refuses a token older than the highest one seen, and remembers a higher one.
fence() { # TOKEN
  seen=0
  if [ -f "$PW/token" ]; then
    read -r seen <"$PW/token" || :
    need_number "$seen"
  fi
  [ "$1" -ge "$seen" ] || fail FENCED "fencing token $1 is older than $seen"
  [ "$1" -eq "$seen" ] || printf '%s\n' "$1" | write_safely "$PW/token"
}

boot_id() { read -r boot <"$PROC/sys/kernel/random/boot_id"; }

# Milliseconds since boot: unlike the clock they never jump.
uptime_ms() {
  read -r up rest <"$PROC/uptime"
  case $up in
    # A 0 in front would make it an octal number.
    *.??) up=$((${up%.*} * 1000 + (1${up#*.} - 100) * 10)) ;;
    *) up=$((${up%.*} * 1000)) ;;
  esac
}


# --- watchdog ------------------------------------------------------------------------------------------------------

# Armed is the file watchdog/armed: deployment, previous tree or -, boot id, deadline in milliseconds of uptime.
read_armed() { # false when nothing is armed
  [ -f "$PW/watchdog/armed" ] || return 1
  armed_deadline=
  IFS=$TAB read -r armed_deployment armed_previous armed_boot armed_deadline <"$PW/watchdog/armed" || :
  case $armed_deadline in '' | *[!0-9]*) fail LAYOUT "the armed watchdog cannot be read" ;; esac
}

refuse_fired() { # DEPLOYMENT
  [ ! -e "$PW/watchdog/restored/$1" ] || fail WATCHDOG_FIRED "the watchdog has restored this server during $1"
}

# Under the lock, before anything changes. The previous tree is the one of the snapshot; it is set once.
arm() { # DEPLOYMENT MILLISECONDS RELOAD...
  deployment=$1 ms=$2
  shift 2
  refuse_fired "$deployment"
  live_tree
  previous=${live:--}
  [ ! -f "$PW/journal/$deployment.snapshot" ] || IFS=$TAB read -r previous rest <"$PW/journal/$deployment.snapshot"
  if read_armed; then
    # A state that another deployment left unproved is nothing to go back to.
    if [ "$armed_deployment" = "$deployment" ] || ! is_verified "$previous"; then previous=$armed_previous; fi
  fi
  boot_id
  uptime_ms
  install_boot_hook
  if [ $# -gt 0 ]; then printf '%s\0' "$@"; fi | write_safely "$PW/watchdog/reload"
  save_parts
  printf '%s\t%s\t%s\t%s\n' "$deployment" "$previous" "$boot" "$((up + ms))" | write_safely "$PW/watchdog/armed"
  start_loop
}

verb_feed() { # TOKEN DEPLOYMENT WATCHDOG_MS
  need_number "$1" && need_id "$2" && need_number "$3"
  lock
  fence "$1"
  refuse_fired "$2"
  read_armed && [ "$armed_deployment" = "$2" ] || fail WATCHDOG_NOT_ARMED "no watchdog is armed for $2"
  uptime_ms
  boot_id
  [ "$armed_boot" = "$boot" ] && [ "$up" -lt "$armed_deadline" ] || {
    fire
    fail WATCHDOG_FIRED "the watchdog's time was over"
  }
  printf '%s\t%s\t%s\t%s\n' "$2" "$armed_previous" "$boot" "$((up + $3))" | write_safely "$PW/watchdog/armed"
  start_loop
  unlock
  printf 'armed\t%s\n' "$2"
}

expired() {
  boot_id
  uptime_ms
  [ "$armed_boot" != "$boot" ] || [ "$up" -ge "$armed_deadline" ]
}

# Under the lock: puts the previous state back, then writes that it did. Cut at any point, it is done again.
fire() {
  load_parts
  [ -z "$PARTS" ] || cancel_jobs "$armed_deployment"
  if [ "$armed_previous" = - ] || [ -d "releases/$armed_previous" ]; then switch_to "$armed_previous"; fi
  put_parts_back "$armed_deployment" || fail BUSY "the watchdog waits for a program that still works on the parts"
  live_tree
  printf '%s\t%s\n%s' "${live:--}" "$armed_boot" "$left" | write_safely "$PW/watchdog/restored/$armed_deployment"
  remove_armed
}

remove_armed() {
  rm -f "$PW/watchdog/armed"
  sync "$PW/watchdog"
  remove_boot_hook
}

disarm_for() { # DEPLOYMENT, under the lock
  if read_armed && [ "$armed_deployment" = "$1" ]; then remove_armed; fi
}

reload_after_fire() {
  [ -e "$PW/reload-pending" ] || return 0
  (
    [ ! -d current ] || cd current
    as_site xargs -0 -r timeout -k 5 "$RELOAD_WAIT_S" <"$ROOT/$PW/watchdog/reload"
  ) >/dev/null 2>&1 || :
  rm -f "$PW/reload-pending"
}

verb_disarm() { # DEPLOYMENT
  need_id "$1"
  result=not-armed
  lock
  if read_armed && [ "$armed_deployment" = "$1" ]; then
    if expired; then fire; else
      disarm_for "$1"
      result=disarmed
    fi
  fi
  [ ! -e "$PW/watchdog/restored/$1" ] || result=fired
  unlock
  [ "$result" != fired ] || reload_after_fire
  printf 'disarm\t%s\n' "$result"
}

verb_watchdog_tick() {
  fired=
  lock
  if read_armed && expired; then
    fire
    fired=1
  fi
  unlock
  [ -z "$fired" ] || reload_after_fire
}

# Ticks each second while armed. Whether to end is decided under the lock, so that a new arming either finds this
# loop at work or starts another.
verb_watchdog_loop() {
  exec 8>>"$PW/watchdog/loop.lock"
  flock -n 8 || exit 0
  while :; do
    # In a subshell: without the lock the file may go or change while it is read, and the loop must live on.
    # A tick that cannot do all, is a process of its own that may fail: the next one goes on.
    if (read_armed && expired) 2>/dev/null 8>&-; then sh "$SELF" "$ROOT" watchdog-tick 8>&- || :; fi
    if [ ! -f "$PW/watchdog/armed" ]; then
      lock
      if [ ! -f "$PW/watchdog/armed" ]; then
        exec 8>&-
        exit 0
      fi
      unlock
    fi
    sleep 1 8>&-
  done
}

start_loop() { setsid sh "$SELF" "$ROOT" watchdog-loop </dev/null >/dev/null 2>&1 9>&- & }

# Run by the boot hook, before or after everything else that starts. What has started from parts that were put back only
# now is neither old nor new: under systemd the server is started once more. Nothing is armed then, so it is not again.
verb_boot() {
  rm -f "$PW/parts/put-back"
  verb_watchdog_tick
  if [ -f "$PW/watchdog/armed" ]; then start_loop; fi
  if [ -f "$PW/parts/put-back" ] && [ "$RUN" = /run ] && [ -d /run/systemd/system ]; then
    sync
    systemctl --no-block reboot
  fi
}

quote_for_shell() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

quote_for_systemd() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/%/%%/g; s/\$/$$/g')"; }

name_boot_hook() {
  hook_name=podway-watchdog-$(printf '%s' "$ROOT" | sha256sum | cut -c1-16)
  unit=$ETC/systemd/system/$hook_name.service
  wants=$ETC/systemd/system/sysinit.target.wants
  table=$ETC/cron.d/$hook_name
}

# Makes the boot run the verb `boot`, as long as a watchdog is armed. Says what serves: systemd, cron or none.
install_boot_hook() {
  name_boot_hook
  hook=none
  script=$ROOT/$PW/bin/podway-host
  in_shell="/bin/sh $(quote_for_shell "$script") $(quote_for_shell "$ROOT") boot"
  if [ -d "$RUN/systemd/system" ] && [ -w "$ETC/systemd/system" ]; then
    hook=systemd
    if [ ! -f "$unit" ] || [ ! -L "$wants/$hook_name.service" ]; then
      # Early, and waiting for nothing but its own folder: what the update has broken may stop all the rest.
      printf '%s\n' '[Unit]' 'Description=Podway watchdog' 'DefaultDependencies=no' \
        "RequiresMountsFor=$(quote_for_systemd "$ROOT")" 'After=systemd-remount-fs.service' \
        'Conflicts=shutdown.target' 'Before=shutdown.target' '' '[Service]' 'Type=oneshot' 'RemainAfterExit=yes' \
        "ExecStart=/bin/sh $(quote_for_systemd "$script") $(quote_for_systemd "$ROOT") boot" | write_safely "$unit"
      mkdir -p "$wants"
      ln -sf "../$hook_name.service" "$wants/$hook_name.service"
      sync "$wants"
    fi
  elif [ -d "$ETC/cron.d" ] && [ -w "$ETC/cron.d" ]; then
    hook=cron
    [ -f "$table" ] || printf '@reboot root %s\n' "$(percent_for_cron "$in_shell")" | write_safely "$table"
  elif [ "$ETC" = /etc ] && command -v crontab >/dev/null 2>&1; then
    hook=cron
    crontab -l 2>/dev/null | grep -qF "# $hook_name" || {
      crontab -l 2>/dev/null || :
      printf '@reboot %s # %s\n' "$(percent_for_cron "$in_shell")" "$hook_name"
    } | crontab - || hook=none
  fi
  printf 'hook\t%s\n' "$hook"
}

percent_for_cron() { printf '%s' "$1" | sed 's/%/\\%/g'; }

# A table of a user's own stays as it is: the hook does nothing while nothing is armed.
remove_boot_hook() {
  name_boot_hook
  rm -f -- "$unit" "$wants/$hook_name.service" "$table" 2>/dev/null || :
}

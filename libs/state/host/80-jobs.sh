
# --- jobs ----------------------------------------------------------------------------------------------------------

# A job is a folder jobs/<id>: deployment, boot, process (pid and start time), output, exit. The folder appears by a
# rename before the job starts: whoever finds it never starts the job again.
started_at() { # PID: prints the process's start time; fails when it is gone
  # The name of the program, in parentheses, may contain anything.
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- ${stat##*)}
  [ "$1" != Z ] || return 1
  printf '%s' "${20}"
}

wait_for_process() { # at most 10 s
  tries=0
  until [ -f "$job/process" ] || [ "$tries" -ge 500 ]; do
    sleep 0.02
    tries=$((tries + 1))
  done
}

verb_job_start() { # TOKEN DEPLOYMENT JOB FOLDER TIMEOUT_MS NAME=VALUE... PROGRAM ARGUMENT...
  need_number "$1" && need_id "$2" && need_job "$3" && need_number "$5"
  token=$1 deployment=$2 job=$PW/jobs/$3 id=$3
  shift 3
  [ -d "$1" ] || fail STAGE_MISSING "there is no folder $1"
  lock
  fence "$token"
  if [ ! -d "$job" ]; then
    boot_id
    rm -rf -- "$job.new"
    mkdir "$job.new"
    printf '%s\n' "$deployment" >"$job.new/deployment"
    printf '%s\n' "$boot" >"$job.new/boot"
    : >"$job.new/output"
    mv -T "$job.new" "$job"
    sync "$job/deployment" "$job" "$PW/jobs"
    setsid sh "$SELF" "$ROOT" job-run -- "$id" "$@" </dev/null >>"$job/output" 2>&1 9>&- &
    wait_for_process
    # Too late for it: whoever makes the folder `begun` first decides, so that it never begins behind our back.
    if [ ! -f "$job/process" ] && mkdir "$job/begun" 2>/dev/null; then
      rm -rf -- "$job"
      fail JOB_NOT_STARTED "job $id did not start in time"
    fi
    wait_for_process
  fi
  unlock
  printf 'job\t%s\n' "$id"
}

# The leader of the job's own session and process group.
verb_job_run() { # JOB FOLDER TIMEOUT_MS NAME=VALUE... PROGRAM ARGUMENT...
  need_job "$1"
  job=$ROOT/$PW/jobs/$1 folder=$2 ms=$3
  shift 3
  mkdir "$job/begun" 2>/dev/null || exit 0
  printf '%s\t%s\n' "$$" "$(started_at $$)" >"$job/process.new"
  mv "$job/process.new" "$job/process"
  cd "$folder"
  status=0
  (as_site exec timeout --foreground -k 5 "$((ms / 1000)).$(printf '%03d' "$((ms % 1000))")" env -- "$@") || status=$?
  printf '%s\n' "$status" >"$job/exit.new"
  sync "$job/exit.new" "$job/output"
  mv "$job/exit.new" "$job/exit"
  sync "$job"
  # Past its time, nothing of the job may go on.
  [ "$status" -ne 124 ] || kill -s KILL -- -$$
}

# Sets `state` to running, exited or lost and `code`.
job_state() { # FOLDER
  state=lost code=-
  if [ -f "$1/exit" ]; then
    state=exited
    read -r code <"$1/exit"
    return
  fi
  boot_id
  read -r job_boot <"$1/boot" || job_boot=
  [ "$job_boot" = "$boot" ] && [ -f "$1/process" ] || return 0
  IFS=$TAB read -r pid since <"$1/process"
  [ "$(started_at "$pid")" != "$since" ] || state=running
  # It may have ended between the two looks.
  if [ "$state" = lost ] && [ -f "$1/exit" ]; then
    state=exited
    read -r code <"$1/exit"
  fi
}

verb_job_follow() { # JOB FROM_BYTE
  need_job "$1" && need_number "$2"
  job=$PW/jobs/$1
  [ -d "$job" ] || fail JOB_MISSING "there is no job $1"
  # While a job is being started its folder is there and its process is not: wait for the lock.
  [ -f "$job/process" ] || {
    lock
    unlock
  }
  job_state "$job"
  new_scratch
  tail -c "+$(($2 + 1))" "$job/output" | head -c 65536 >"$scratch/output" || :
  printf 'job\t%s\t%s\t%s\t%s\n' "$state" "$code" "$(($2 + $(wc -c <"$scratch/output")))" "$(wc -c <"$job/output")"
  printf 'output\t%s\n' "$(base64 -w 0 "$scratch/output")"
}

# Under the lock: ends the job's whole process group.
cancel_job() { # FOLDER
  mkdir "$1/begun" 2>/dev/null || :
  job_state "$1"
  [ "$state" = running ] || return 0
  kill -s TERM -- "-$pid" 2>/dev/null || :
  tries=0
  while [ "$tries" -lt 50 ] && [ "$(started_at "$pid")" = "$since" ]; do
    sleep 0.02
    tries=$((tries + 1))
  done
  kill -s KILL -- "-$pid" 2>/dev/null || :
  [ -f "$1/exit" ] || printf '143\n' | write_safely "$1/exit"
}

cancel_jobs() { # DEPLOYMENT
  for job in "$PW"/jobs/*; do
    [ -f "$job/deployment" ] || continue
    read -r owner <"$job/deployment" || :
    [ "$owner" != "$1" ] || cancel_job "$job"
  done
}

verb_job_cancel() { # TOKEN DEPLOYMENT JOB
  need_number "$1" && need_id "$2" && need_job "$3"
  [ -d "$PW/jobs/$3" ] || fail JOB_MISSING "there is no job $3"
  lock
  fence "$1"
  cancel_job "$PW/jobs/$3"
  unlock
  printf 'job\t%s\n' "$3"
}

# Under the lock: jobs of other deployments that have ended.
drop_ended_jobs() { # DEPLOYMENT
  for job in "$PW"/jobs/*; do
    [ -d "$job" ] || continue
    owner=
    [ ! -f "$job/deployment" ] || read -r owner <"$job/deployment" || :
    [ "$owner" != "$1" ] || continue
    job_state "$job"
    [ "$state" = running ] || rm -rf -- "$job"
  done
}

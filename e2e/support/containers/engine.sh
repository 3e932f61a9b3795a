#!/bin/sh
# A container engine that is there until the standard input ends, which it does however its owner ends.
#   engine.sh FOLDER STORE_OF_BASE_IMAGES
# Writes `ready` when it answers at FOLDER/engine.sock. Leaves nothing: no container, no network, no FOLDER.
set -u
folder=$1
. "$(dirname "$0")/engine-settings.sh"
engine_settings "$folder" "$2"

podman system service --time 0 "unix://$folder/engine.sock" >"$folder/service.log" 2>&1 </dev/null &
service=$!
tries=100
until podman --url "unix://$folder/engine.sock" info >/dev/null 2>"$folder/answer.log"; do
  tries=$((tries - 1))
  if [ "$tries" = 0 ] || ! kill -0 "$service" 2>/dev/null; then
    cat "$folder/service.log" "$folder/answer.log" >&2
    break
  fi
  sleep 0.2
done

ask_for_health() {
  while sleep 2; do
    for container in $(podman ps --quiet); do podman healthcheck run "$container"; done
  done
}
ask_for_health >/dev/null 2>&1 </dev/null &
checks=$!

[ "$tries" = 0 ] || echo ready
cat >/dev/null

exec >/dev/null 2>&1
kill "$checks"
wait "$checks"
podman rm --all --force --time 0 --volumes
podman network prune --force
kill "$service"
wait "$service"
umount --lazy "$folder/store/overlay"
cd /
rm -rf --one-file-system "$folder"

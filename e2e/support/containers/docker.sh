#!/bin/sh
# `docker`, as far as the documentation and docker-compose use it: Podman, and docker-compose 1.29 for `docker compose`.
set -eu
[ "${1-}" = compose ] || exec podman "$@"
shift
# docker-compose 1.29 knows all of the file but its `name`.
name=$(sed -n 's/^name: //p' docker-compose.yml)
sed '/^name: /d' docker-compose.yml | docker-compose --project-directory . --project-name "$name" --file - "$@"

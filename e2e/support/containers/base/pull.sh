#!/bin/sh
# Pulls the images that the fleet's containers are made from, where a registry can be reached.
#   pull.sh DESTINATION IMAGE...
set -eu
destination=$1
shift
[ ! -d "$destination" ] || exit 0
building=$(dirname "$destination")/building
rm -rf --one-file-system "$building"
mkdir -p "$building"
. "$(dirname "$0")/../engine-settings.sh"
engine_settings "$building"
for image; do podman pull "docker.io/library/$image"; done
umount "$building/store/overlay" 2>/dev/null || true
rm -rf --one-file-system "$building/run" "$building/tmp"
mv "$building" "$destination"

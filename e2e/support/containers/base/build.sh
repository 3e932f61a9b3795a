#!/bin/sh
# Builds stand-ins for the images that the fleet's containers are made from, of Debian's packages and this machine's node.
#   build.sh DESTINATION SETTINGS MIRROR NODE NPM POSTGRES NODE_IMAGE POSTGRES_IMAGE RABBITMQ_IMAGE
# DESTINATION becomes a folder with podman's `store`. SETTINGS is laid over the Debian root: where this machine has packages from.
# Runs under a lock, in a mount namespace of its own: killed at any point, it leaves only a `building` folder.
set -eu
destination=$1 settings=$2 mirror=$3 node=$4 npm=$5 postgres=$6
node_image=$7 postgres_image=$8 rabbitmq_image=$9
# Another test process was first.
[ ! -d "$destination" ] || exit 0
here=$(dirname "$0")
building=$(dirname "$destination")/building
rm -rf --one-file-system "$building"
mkdir -p "$building"

debootstrap --variant=minbase bookworm "$building/debian" "$mirror"
: >"$building/debian/etc/apt/sources.list"
cp -R "$settings/." "$building/debian/"

. "$here/../engine-settings.sh"
engine_settings "$building"
tar -C "$building/debian" -c . | podman import - localhost/podway-tests/debian
stand_in() { # IMAGE FILE OPTION...
  image=$1 file=$2
  shift 2
  podman build --network host --tag "docker.io/library/$image" --file "$here/$file" "$@" "$here"
}
stand_in "$node_image" node.Dockerfile --build-context "npm=$npm" --build-context "program=$(dirname "$node")"
stand_in "$postgres_image" postgres.Dockerfile --build-context "postgres=$postgres"
stand_in "$rabbitmq_image" rabbitmq.Dockerfile
umount "$building/store/overlay" 2>/dev/null || true
rm -rf --one-file-system "$building/debian" "$building/run" "$building/tmp"
sync -f "$building"
mv "$building" "$destination"

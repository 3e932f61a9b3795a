#!/bin/sh
# One server of the demo: sshd for Podway, a web server for its visitors. Needs no root.
# Usage: demo-server.sh NAME HOSTS_FOLDER ROOT
set -eu
name=$1
hosts=$2
root=$3

# What the boot hook does on a server with systemd or cron.
host_script=$root/.podway/bin/podway-host
if [ -e "$host_script" ]; then sh "$host_script" "$root" boot; fi

node examples/site-server.mjs "$root" "${DEMO_HTTP:-0.0.0.0:8080}" &
exec /usr/sbin/sshd -D -e -f /dev/null \
  -o "ListenAddress=${DEMO_SSH:-0.0.0.0:2222}" \
  -o "HostKey=$hosts/$name" \
  -o "AuthorizedKeysFile=$hosts/authorized_keys" \
  -o PidFile=none \
  -o UsePAM=no \
  -o PasswordAuthentication=no \
  -o KbdInteractiveAuthentication=no \
  -o MaxStartups=100

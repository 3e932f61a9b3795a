#!/bin/sh
# Makes the keys of the demo's servers, once, and the inventory that names them.
# Usage: demo-keys.sh KEY_FOLDER HOSTS_FOLDER SERVER...
set -eu
umask 077
keys=$1
hosts=$2
shift 2

make_key() { # FILE NAME: cut at any point, it is done again
  [ -f "$1" ] || {
    rm -f "$1.new" "$1.new.pub"
    ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$1.new"
    mv "$1.new" "$1"
    rm -f "$1.new.pub"
  }
  ssh-keygen -y -f "$1" >"$1.pub"
}

make_key "$keys/id_ed25519" podway
cp "$keys/id_ed25519.pub" "$hosts/authorized_keys"
{
  cat <<'HEAD'
apiVersion: podway/v1
pods:
  - name: shop
    client: demo
    hosts: [shop.localhost]
    path: /srv/shop
    state:
      driver: tree
    checks:
      - name: the front page
        probe: http
        path: /
        expectText: <h1>The shop</h1>
    servers:
HEAD
  for server; do
    make_key "$hosts/$server" "$server"
    cat <<SERVER
      - name: $server
        ssh:
          host: $server
          port: 2222
          user: podway
          hostKeys:
            - $(cat "$hosts/$server.pub")
        http: http://$server:8080
SERVER
  done
} >"$hosts/pods.yaml.new"
mv "$hosts/pods.yaml.new" "$hosts/pods.yaml"

# Settings of a Podman that shares nothing with the machine's own: its files are below FOLDER.
#   engine_settings FOLDER [STORE_OF_BASE_IMAGES]
engine_settings() {
  mkdir -p "$1/tmp"
  # Not every machine lets containers have more than this; runc takes cgroups of either version, or both.
  cat >"$1/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$1/tmp"
[network]
network_backend = "netavark"
network_config_dir = "$1/networks"
CONF
  cat >"$1/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$1/store"
runroot = "$1/run"
[storage.options]
additionalimagestores = [${2:+\"$2\"}]
CONF
  echo 'unqualified-search-registries = ["docker.io"]' >"$1/registries.conf"
  export CONTAINERS_CONF="$1/containers.conf" CONTAINERS_STORAGE_CONF="$1/storage.conf"
  export CONTAINERS_REGISTRIES_CONF="$1/registries.conf"
  # Checks of health are timers of systemd: engine.sh asks by itself.
  export DISABLE_HC_SYSTEMD=true
}

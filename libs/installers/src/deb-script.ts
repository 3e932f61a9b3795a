/** apt reported success, and dpkg knows a package in another version or state. */
export const DEB_WRONG_VERSION = 61;

/**
 * The job of the deb installer (POSIX sh, apt, dpkg). $1 seconds to wait for dpkg's lock, $2 keep|replace, $3 install|repair;
 * then packages as NAME=VERSION and files with a `/`. Before it fails it names the packages at fault, a line for each:
 * \`podway-package NAME what it is instead\`.
 */
export const debJob = `
lock_wait=$1 conffiles=$2 how=$3
shift 3
DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none LC_ALL=C.UTF-8
export DEBIAN_FRONTEND DEBIAN_PRIORITY APT_LISTCHANGES_FRONTEND LC_ALL

# Files that the administrator has changed; dpkg asks about them otherwise.
case $conffiles in
  keep) first=--force-confdef second=--force-confold ;;
  replace) first=--force-confnew second=--force-confnew ;;
esac
again=
[ "$how" = install ] || again=--reinstall

name_of() { case $1 in */*) dpkg-deb --field "$1" Package ;; *) printf '%s\\n' "\${1%%=*}" ;; esac; }
version_of() { case $1 in */*) dpkg-deb --field "$1" Version ;; *) printf '%s\\n' "\${1#*=}" ;; esac; }
state_of() { dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' "$1" 2>/dev/null || echo 'not-installed'; }
not_as_wanted() {
  for one in "$@"; do
    name=$(name_of "$one") state=$(state_of "$name")
    [ "$state" = "installed $(version_of "$one")" ] || printf 'podway-package %s %s\\n' "$name" "$state"
  done
}
in_pieces() {
  dpkg-query -W -f '\${db:Status-Status} \${binary:Package} \${Version}\\n' | while read -r status name version; do
    case $status in installed | config-files | not-installed) ;; *) printf 'podway-package %s %s\\n' "$name" "$status $version" ;; esac
  done
}
apt() { apt-get -q -y -o "DPkg::Lock::Timeout=$lock_wait" -o Dpkg::Use-Pty=0 -o APT::Color=0 "$@"; }

from_repository=
for one in "$@"; do
  case $one in
    */*) dpkg-deb --field "$one" Package Version >/dev/null || { echo "$one is not a Debian package"; exit 60; } ;;
    *) from_repository=1 ;;
  esac
done
[ -z "$from_repository" ] || apt update || exit 60
apt -o "Dpkg::Options::=$first" -o "Dpkg::Options::=$second" \\
  --no-install-recommends --no-remove --allow-downgrades --allow-change-held-packages $again install "$@" </dev/null
status=$?
if [ "$status" -ne 0 ]; then
  broken=$(in_pieces)
  [ -n "$broken" ] || broken=$(not_as_wanted "$@")
  printf '%s\\n' "$broken"
  exit 60
fi
# Success is what dpkg knows, not what apt says.
wrong=$(not_as_wanted "$@")
[ -z "$wrong" ] || { printf '%s\\n' "$wrong"; exit ${DEB_WRONG_VERSION}; }
`;

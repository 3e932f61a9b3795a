/** rpm reported success, and its database has a package in another version. */
export const RPM_WRONG_VERSION = 61;

/**
 * The job of the rpm installer (POSIX sh, rpm). $1 the script that calls rpm, $2 install|repair, then files. Names the
 * packages at fault as the job of the deb installer does.
 */
export const rpmJob = `
program=$1 how=$2
shift 2
LC_ALL=C.UTF-8
export LC_ALL
rpm() { sh "$program" "$@"; }
of_file() { rpm -qp --qf "$2" "$1"; }
wanted_of() { of_file "$1" '%{NAME} %{EVR} %{ARCH}\\n'; }
is_there() {
  wanted=$(wanted_of "$1")
  rpm -q --qf '%{NAME} %{EVR} %{ARCH}\\n' "$(of_file "$1" '%{NAME}')" 2>/dev/null | grep -qxF -e "$wanted"
}
name_missing() {
  for file in "$@"; do
    is_there "$file" && continue
    name=$(of_file "$file" '%{NAME}')
    state=$(rpm -q --qf '%{EVR} ' "$name" 2>/dev/null) && state="installed $state" || state='not installed'
    printf 'podway-package %s %s\\n' "$name" "\${state% }"
  done
}
for file in "$@"; do
  wanted_of "$file" >/dev/null || { echo "$file is not an rpm package"; exit 60; }
done
# What is there already in its version is left alone, unless it is to be repaired.
replace=--replacepkgs
if [ "$how" = install ]; then
  replace=
  for file in "$@"; do
    shift
    is_there "$file" || set -- "$@" "$file"
  done
  [ $# -gt 0 ] || { echo 'all packages are there'; exit 0; }
fi
rpm -U --oldpackage $replace --test "$@" && rpm -U --oldpackage $replace "$@" </dev/null ||
  { name_missing "$@"; exit 60; }
wrong=$(name_missing "$@")
[ -z "$wrong" ] || { printf '%s\\n' "$wrong"; exit ${RPM_WRONG_VERSION}; }
`;

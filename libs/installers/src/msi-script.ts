/**
 * The job of the msi installer. $1 the script that calls msiexec, $2 the log, $3 the package, then properties. Windows'
 * programs on Cygwin want its paths in their own form; Wine takes both.
 */
export const msiJob = `
program=$1 log=$2 file=$3
shift 3
umask 077
mkdir -p "\${log%/*}" || exit 126
# The last twenty logs stay.
ls -t "\${log%/*}" | tail -n +20 | while IFS= read -r old; do rm -f -- "\${log%/*}/$old"; done
: >"$log" || exit 126
shown=$log
if command -v cygpath >/dev/null 2>&1; then
  file=$(cygpath -w "$file") log=$(cygpath -w "$log") || exit 126
fi
sh "$program" /i "$file" /qn /norestart '/l*v' "$log" "$@" </dev/null
status=$?
case $status in
  0) ;;
  # UTF-16 on Windows: without NUL it can be read.
  *) tail -c 6000 "$shown" | tr -d '\\000\\r' | tail -n 15 ;;
esac
exit "$status"
`;

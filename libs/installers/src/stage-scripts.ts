/**
 * Fixed scripts for a stage (POSIX sh, GNU tar, cp, find). All that varies comes as parameters or on standard input:
 * $1 the private folder around the tree, $2 the component's name, $3 its target folder in the tree (may be empty).
 * The file `applied-<component>` in the private folder says that a component is wholly in the tree.
 */
const prelude = `
LC_ALL=C
export LC_ALL
umask 022
cd -- "$1" || exit 20
name=$2 to=$3
target=tree\${to:+/$to}
new=new-$name
# Exit code 19: there is no space left.
ended() {
  status=$?
  [ "$status" -eq 0 ] || [ "$(df -Pk . | awk 'NR == 2 { print ($4 + 0 < 64) }')" != 1 ] || exit 19
}
trap ended EXIT
set -eu
# Folders on the way to the target are folders of the tree, never links to somewhere else.
make_way() {
  at=tree ahead=$1
  while [ -n "$ahead" ]; do
    case $ahead in */*) part=\${ahead%%/*} ahead=\${ahead#*/} ;; *) part=$ahead ahead= ;; esac
    at=$at/$part
    [ -d "$at" ] && [ ! -L "$at" ] || { rm -f -- "$at"; mkdir -- "$at"; }
  done
}
unpack() { tar -C "$1" -xp --numeric-owner -f -; }
`;

/**
 * Says \`applied\` or \`fresh\`, then a line for each file below the target that is as the base's manifest knows it and
 * has our owner: mode, size, SHA-256, path. The manifest is the state driver's cache; without it nothing is known.
 */
export const listStage = `${prelude}
if [ -e "applied-$name" ]; then echo applied; exit 0; fi
echo fresh
[ -f base ] && read -r base <base || exit 0
manifest=../../manifests/$base
[ -f "$manifest" ] && [ -d "$target" ] || exit 0
PREFIX=\${to:+$to/} OWNER=$(id -u) GROUP=$(id -g)
export PREFIX OWNER GROUP
find "$target" -type f -printf '%P\\t%m\\t%U\\t%G\\t%s\\t%T@\\t%i\\n' | awk -F '\\t' '
  FILENAME != "-" { if ($2 == "f" && $10 !~ /^~/) { known[$1] = $6 FS $7 FS $8; digest[$1] = $10 } next }
  {
    path = ENVIRON["PREFIX"] $1
    if (known[path] == $5 FS $6 FS $7 && $3 == ENVIRON["OWNER"] && $4 == ENVIRON["GROUP"])
      print $2 FS $5 FS digest[path] FS $1
  }' "$manifest" -
`;

/** Unpacks the tar on standard input into a new folder beside the tree. */
export const unpackBeside = `${prelude}
rm -rf -- "$new"
mkdir -- "$new"
unpack "$new"
`;

/** Takes unchanged files, NUL-separated on standard input, over as links, then puts the new folder in the target's place. */
export const replaceTarget = `${prelude}
here=$PWD
if [ -d "$target" ]; then
  (cd -- "$target" && xargs -0 -r cp -l -P --parents -t "$here/$new" --)
fi
case $to in */*) make_way "\${to%/*}" ;; esac
rm -rf -- "old-$name"
if [ -e "$target" ] || [ -L "$target" ]; then mv -T -- "$target" "old-$name"; fi
mv -T -- "$new" "$target"
: >"applied-$name"
rm -rf -- "old-$name"
`;

/** Unpacks the tar on standard input over what is there. tar unlinks a file before it writes one of the same name. */
export const mergeTarget = `${prelude}
make_way "$to"
unpack "$target"
: >"applied-$name"
`;

/** Unpacks the tar on standard input, the whole bundle, into the folder \`bundle\` beside the tree. */
export const unpackBundle = `${prelude}
rm -rf -- bundle
mkdir -- bundle
unpack bundle
`;

/** Unpacks the tar on standard input, files of the bundle, into a folder of the component beside the tree. */
export const unpackFiles = `${prelude}
rm -rf -- "files-$name"
mkdir -- "files-$name"
unpack "files-$name"
`;

/** Keeps the one file on standard input in such a folder. $4 is its name. */
export const keepFile = `${prelude}
rm -rf -- "files-$name"
mkdir -- "files-$name"
cat >"files-$name/$4"
`;

/** Keeps a text of ours on standard input, beside those of the bundle. $4 is its name. */
export const keepText = `${prelude}
mkdir -p -- "own-$name"
cat >"own-$name/$4"
`;

/** Keeps the script on standard input that calls a program of the server. */
export const keepProgram = `${prelude}
cat >"program-$name"
`;

/** Keeps the variables on standard input, a line for each: its name and its value in base64. */
export const writeVariables = `${prelude}
umask 077
cat >"variables-$name"
`;

/**
 * Run by the job: leaves its mark, takes the variables into its environment, removes their file, then becomes the
 * program. $1 is the mark, $2 the file. All words that hold a value are built-in, so that no process has it as an argument.
 */
export const runWithVariables = `
: >"$1" || exit 126
while read -r name value; do
  value=$(printf '%s' "$value" | base64 -d && printf .) || exit 126
  export "$name=\${value%.}"
done <"$2" || exit 126
rm -f -- "$2" || exit 126
shift 2
exec "$@"
`;

/** Prints the trees of those stages of deployment $2 below the folder $1 that have the mark $3. */
export const findMarkedTrees = `
for stage in "$1/$2".??????; do
  [ ! -e "$stage/$3" ] || [ ! -d "$stage/tree" ] || printf '%s\\n' "$stage/tree"
done
`;

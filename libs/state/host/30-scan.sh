
# --- fingerprint ---------------------------------------------------------------------------------------------------

# Sets `live` to the id of the live tree (empty: no release) and `live_dir` to its folder.
live_tree() {
  live=
  live_dir=
  if [ -L current ]; then
    live_dir=$(readlink current)
    live=${live_dir#releases/}
    live=${live%.heal}
    case $live_dir in releases/*) is_id "$live" ;; *) false ;; esac ||
      fail LAYOUT "current leads to $live_dir, which is not a release"
  elif [ -e current ]; then
    fail LAYOUT "current is not a symbolic link; move it away first"
  fi
}

# One line per entry: path, type, mode, uid, gid, size, mtime, inode, target of a link. Excluded paths are not entered.
list_tree() { # FOLDER
  cd "$1"
  shift
  set -f
  IFS=$NL
  for path in $EXCLUDED; do
    case $path in *[][*?\\]*) path=$(printf '%s' "$path" | sed 's/[][*?\\]/\\&/g') ;; esac
    set -- "$@" -path "./$path" -prune -o
  done
  unset IFS
  set +f
  odd="*[$NL$TAB]*"
  find . "$@" \( -name "$odd" -o -lname "$odd" \) -printf '!\t%i\n' -quit -o \
    -printf '%P\t%y\t%m\t%U\t%G\t%s\t%T@\t%i\t%l\n'
}

hash_files() { # FOLDER, NUL-separated paths on standard input
  cd "$1"
  xargs -0 -r -n 128 -P "$(nproc)" sh -c 'exec sha256sum -z -- "$@" >>"$0.$$"' "$ROOT/$scratch/sums"
}

# Scans a folder: writes its manifest to $scratch/manifest and sets `fp`. Manifest lines: path, type, mode, uid, gid,
# size, SHA-256 or target, mtime, inode. A hash is taken from the CACHE manifest when path, size, mtime and inode agree.
scan() { # FOLDER CACHE
  new_scratch
  rm -f "$scratch"/sums.*
  : >"$scratch/need"
  # A file written in the two seconds before is hashed again next time: it may change without a change of its mtime.
  young=$(($(date +%s) - 2))
  (list_tree "$1") >"$scratch/found" 2>"$scratch/trouble" ||
    fail UNREADABLE "cannot list $1: $(head -c 300 "$scratch/trouble")"
  [ -f "$2" ] && cache=$2 || cache=/dev/null
  sort -t "$TAB" -k1,1 "$scratch/found" | awk -F "$TAB" -v young="$young" -v need="$scratch/need" '
    FILENAME != "-" { if ($2 == "f") { known[$1] = $6 FS $8 FS $9; hash[$1] = $7 } next }
    NF == 2 { exit 3 }
    {
      size = content = "-"; time = $7
      if ($2 == "l") content = $9
      if ($2 == "f") {
        size = $6
        if ($7 + 0 >= young) time = "-"
        if (time != "-" && ($1 in known) && known[$1] == size FS time FS $8) content = hash[$1]
        else { content = "?"; print "./" $1 >need }
      }
      print $1 FS $2 FS $3 FS $4 FS $5 FS size FS content FS time FS $8
    }' "$cache" - >"$scratch/listed" || fail NAME_REFUSED "a name or a link below $1 contains a newline or a tab"
  if [ -s "$scratch/need" ]; then
    tr '\n' '\0' <"$scratch/need" | (hash_files "$1") 2>"$scratch/trouble" ||
      fail UNREADABLE "cannot read a file below $1: $(head -c 300 "$scratch/trouble")"
    cat "$scratch"/sums.* | tr '\0' '\n' >"$scratch/hashes"
  else
    : >"$scratch/hashes"
  fi
  fp=$(awk -F "$TAB" -v OFS="$TAB" -v manifest="$scratch/manifest" '
    FILENAME != "-" { hash[substr($0, 67)] = substr($0, 1, 64); next }
    {
      if ($7 == "?") { $7 = hash["./" $1]; if ($7 == "") exit 3 }
      print >manifest
      print $2, $3, $4, $5, $6, $7, ($1 == "" ? "." : $1)
    }' "$scratch/hashes" - <"$scratch/listed" >"$scratch/canonical" && sha256sum <"$scratch/canonical") ||
    fail UNREADABLE "a file below $1 vanished while it was read"
  fp=${fp%% *}
}

# Keeps what the last scan found, for the next one. It is a cache: nothing is believed because of it.
keep_manifest() { # TREE
  printf '%s\n%s' "$fp" "$EXCLUDED" >"$scratch/fp"
  mv -f "$scratch/manifest" "$PW/manifests/$1"
  mv -f "$scratch/fp" "$PW/manifests/$1.fp"
}

# Sets `fp` to the fingerprint kept for a tree, or fails when there is none for these exclusions.
kept_fingerprint() { # TREE
  [ -f "$PW/manifests/$1.fp" ] && [ -f "$PW/manifests/$1" ] || return 1
  kept=$(cat "$PW/manifests/$1.fp")
  fp=${kept%%"$NL"*}
  [ "$kept" = "$fp$NL$EXCLUDED" ] || [ "$kept$NL" = "$fp$NL$EXCLUDED" ]
}

scan_tree() { # TREE deep|quick [FOLDER]
  folder=${3:-releases/$1}
  [ -d "$folder" ] || fail TREE_MISSING "there is no tree $1"
  cache=$PW/manifests/$1
  [ "$2" = quick ] || cache=/dev/null
  scan "$folder" "$cache"
  keep_manifest "$1"
}

prove() { # TREE FINGERPRINT deep|quick
  fp=$EMPTY_FINGERPRINT
  [ "$1" = - ] || scan_tree "$1" "$3"
  [ "$fp" = "$2" ] || fail FINGERPRINT_MISMATCH "tree $1 has fingerprint $fp, not $2"
}

verb_fingerprint() { # TREE|- deep|quick
  need_id_or_none "$1"
  tree=$1
  folder=
  if [ "$tree" = - ]; then
    live_tree
    tree=${live:--}
    folder=$live_dir
  fi
  fp=$EMPTY_FINGERPRINT
  [ "$tree" = - ] || scan_tree "$tree" "$2" "$folder"
  printf 'fingerprint\t%s\t%s\n' "$tree" "$fp"
}

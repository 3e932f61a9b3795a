
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
# With LISTED, a list of relative paths that exist, these of the folder and no others.
list_tree() { # FOLDER
  cd "$1"
  shift
  set -f
  IFS=$NL
  for path in $EXCLUDED; do
    case $path in *[][*?\\]*) path=$(printf '%s' "$path" | sed 's/[][*?\\]/\\&/g') ;; esac
    set -- "$@" -path "./$path" -prune -o
  done
  path=%P
  if [ -n "${LISTED-}" ]; then path=%p; fi
  odd="*[$NL$TAB]*"
  find ${LISTED:-.} "$@" \( -name "$odd" -o -lname "$odd" \) -printf '!\t%i\n' -quit -o \
    -printf "$path\t%y\t%m\t%U\t%G\t%s\t%T@\t%i\t%l\n"
  unset IFS
  set +f
}

# Writes lines of SHA-256 and ./path to $scratch/hashes. OpenSSL, where it is there, is several times as fast.
hash_files() { # FOLDER, paths in $scratch/need
  tr '\n' '\0' <"$scratch/need" >"$scratch/names"
  if command -v openssl && hash_with "$1" 512 'exec openssl dgst -sha256 -r "$@" >>"$0.$$"'; then
    cat "$scratch"/sums.* >"$scratch/hashes"
    grep -qvE '^[0-9a-f]{64} [ *]\./' "$scratch/hashes" || return 0
  fi >/dev/null 2>&1
  hash_with "$1" 128 'exec sha256sum -z -- "$@" >>"$0.$$"' 2>"$scratch/trouble" ||
    fail UNREADABLE "cannot read a file below $1: $(head -c 300 "$scratch/trouble")"
  cat "$scratch"/sums.* | tr '\0' '\n' >"$scratch/hashes"
}

hash_with() { # FOLDER COUNT COMMAND
  for old in "$scratch"/sums.*; do [ ! -e "$old" ] || rm -f "$old"; done
  (cd "$1" && xargs -0 -r -n "$2" -P "$(nproc)" sh -c "$3" "$ROOT/$scratch/sums") <"$scratch/names"
}

# Whether a folder still is what its manifest says; sets `fp` to the kept fingerprint then. Files that were young when
# they were hashed are hashed again; when that is all that is new, $scratch/manifest says so.
is_as_kept() { # FOLDER MANIFEST YOUNG
  [ -f "$2.fp" ] && IFS=$TAB read -r fp kept_list age <"$2.fp" && [ ${#fp} -eq 64 ] &&
    [ "$kept_list" = "$list_digest" ] || return 1
  [ "$age" = young ] || return 0
  grep -E "$TAB~[0-9a-f]{64}\$" "$2" | cut -f 1 | sed 's:^:./:' >"$scratch/need"
  hash_files "$1"
  awk -F "$TAB" -v OFS="$TAB" -v young="$3" -v manifest="$scratch/manifest" '
    pass == 1 { fresh[substr($0, 67)] = substr($0, 1, 64); next }
    $10 ~ /^~/ {
      if (substr($10, 2) != fresh["./" $1]) exit 1
      if ($7 + 0 < young) $10 = substr($10, 2)
      else print $1
    }
    { print >manifest }' pass=1 "$scratch/hashes" pass=2 "$2" >"$scratch/marks" || {
    rm -f "$scratch/manifest"
    return 1
  }
}

# Scans a folder and sets `fp`. Writes its manifest to $scratch/manifest, unless the CACHE manifest says the same.
# Manifest lines are those of the list, with the SHA-256 of files at their end. A hash is taken from the CACHE when
# all else agrees: path, size, mtime, inode, mode and owner. A file written in the two seconds before the scan is
# marked with `~` and hashed again next time: it may change without a change of its mtime.
scan() { # FOLDER CACHE
  new_scratch
  [ ! -e "$scratch/manifest" ] || rm -f "$scratch/manifest"
  : >"$scratch/hashes"
  young=$(($(date +%s) - 2))
  (list_tree "$1") >"$scratch/found" 2>"$scratch/trouble" ||
    fail UNREADABLE "cannot list $1: $(head -c 300 "$scratch/trouble")"
  [ -z "${LISTED-}" ] || sed -i 's:^\./::' "$scratch/found"
  sort -t "$TAB" -k1,1 "$scratch/found" >"$scratch/list"
  list_digest=$(sha256sum <"$scratch/list")
  list_digest=${list_digest%% *}
  ! is_as_kept "$1" "$2" "$young" || return 0
  [ -f "$2" ] && cache=$2 || cache=/dev/null
  awk -F "$TAB" -v young="$young" '
    pass == 1 { known[substr($0, 1, length($0) - 65)]; next }
    NF == 2 { exit 3 }
    $2 == "f" && (!($0 in known) || $7 + 0 >= young) { print "./" $1 }
  ' pass=1 "$cache" pass=2 "$scratch/list" >"$scratch/need" ||
    fail NAME_REFUSED "a name or a link below $1 contains a newline or a tab"
  [ ! -s "$scratch/need" ] || hash_files "$1"
  fp=$(awk -F "$TAB" -v OFS="$TAB" -v young="$young" -v manifest="$scratch/manifest" -v marks="$scratch/marks" '
    BEGIN { printf "" >marks }
    pass == 1 { known[substr($0, 1, length($0) - 65)] = substr($0, length($0) - 63); next }
    pass == 2 { fresh[substr($0, 67)] = substr($0, 1, 64); next }
    $2 == "f" {
      if (("./" $1) in fresh) content = fresh["./" $1]
      else if ($0 in known) content = known[$0]
      else exit 3
      mark = ""
      if ($7 + 0 >= young) { mark = "~"; print $1 >marks }
      print $0, mark content >manifest
      print $2, $3, $4, $5, $6, content, $1
      next
    }
    {
      print $0, "-" >manifest
      print $2, $3, $4, $5, "-", ($2 == "l" ? $9 : "-"), ($1 == "" ? "." : $1)
    }' pass=1 "$cache" pass=2 "$scratch/hashes" pass=3 "$scratch/list" >"$scratch/canonical" &&
    sha256sum <"$scratch/canonical") ||
    fail UNREADABLE "a file below $1 vanished while it was read"
  fp=${fp%% *}
}

# Keeps what the last scan found, for the next one. It is a cache: nothing is believed because of it. Beside the
# manifest lie its fingerprint, the digest of its list, whether one of its files was young, and the exclusions.
keep_manifest() { # TREE
  if [ -f "$scratch/manifest" ]; then
    age=old
    [ ! -s "$scratch/marks" ] || age=young
    rm -f "$PW/manifests/$1.fp"
    mv -f "$scratch/manifest" "$PW/manifests/$1"
  fi
  printf '%s\t%s\t%s\n%s' "$fp" "$list_digest" "$age" "$EXCLUDED" >"$scratch/fp"
  mv -f "$scratch/fp" "$PW/manifests/$1.fp"
}

# Sets `fp` to the fingerprint kept for a tree, or fails when there is none for these exclusions.
kept_fingerprint() { # TREE
  [ -f "$PW/manifests/$1.fp" ] && [ -f "$PW/manifests/$1" ] || return 1
  kept=$(cat "$PW/manifests/$1.fp")
  fp=${kept%%"$TAB"*}
  [ ${#fp} -eq 64 ] || return 1
  [ "$kept" = "${kept%%"$NL"*}$NL$EXCLUDED" ] || [ "$kept$NL" = "${kept%%"$NL"*}$NL$EXCLUDED" ]
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


# --- differences ---------------------------------------------------------------------------------------------------

# Manifests of states that were proved, kept beside the cache: the cache follows what changes, these do not.
EXPECTED=$PW/expected

# Sets `found` to a manifest of a tree whose fingerprint is the expected one, or fails.
find_manifest() { # TREE FINGERPRINT
  for found in "$PW/manifests/$1" "$EXPECTED/$1"; do
    [ -f "$found" ] && [ -f "$found.fp" ] && IFS=$TAB read -r kept_fp kept_rest <"$found.fp" &&
      [ "$kept_fp" = "$2" ] && return 0
  done
  return 1
}

# Keeps the manifest of a proved tree out of reach of later scans. Others go with their trees.
keep_expected() { # TREE
  mkdir -p "$EXPECTED"
  for file in "$1" "$1.fp"; do
    [ "$EXPECTED/$file" -ef "$PW/manifests/$file" ] || ln -f "$PW/manifests/$file" "$EXPECTED/$file" 2>/dev/null || :
  done
  for old in "$EXPECTED"/*; do
    name=${old##*/}
    [ -d "releases/${name%.fp}" ] || rm -f -- "$old"
  done
}

# Tells how two manifests differ: the counts of all, then entries by path, at most LIMIT of those behind AFTER.
tell_changes() { # MANIFEST MANIFEST LIMIT AFTER
  new_scratch
  awk -F "$TAB" -v OFS="$TAB" '
    function content() { hash = $10; sub(/^~/, "", hash); return $2 == "f" ? hash : $2 == "l" ? $9 : "-" }
    pass == 1 { type[$1] = $2; mode[$1] = $3; owner[$1] = $4 ":" $5; what[$1] = content(); next }
    !($1 in type) { print ($1 == "" ? "." : $1), "added", "-"; next }
    {
      why = ""
      if (type[$1] != $2) why = why ",type"
      else if (what[$1] != content()) why = why ($2 == "l" ? ",target" : ",content")
      # A link has no mode of its own.
      if (mode[$1] != $3 && $2 != "l") why = why ",mode"
      if (owner[$1] != $4 ":" $5) why = why ",owner"
      if (why != "") print ($1 == "" ? "." : $1), "changed", substr(why, 2)
      delete type[$1]
    }
    END { for (path in type) print (path == "" ? "." : path), "removed", "-" }
  ' pass=1 "$1" pass=2 "$2" >"$scratch/differing"
  sort -t "$TAB" -k1,1 "$scratch/differing" >"$scratch/changes"
  # By the environment: awk would read escapes in an argument as its own.
  AFTER=$4 awk -F "$TAB" -v OFS="$TAB" -v limit="$3" '
    { count[$2]++ }
    ENVIRON["AFTER"] != "" && ($1 "") <= ENVIRON["AFTER"] { next }
    told < limit { told++; print "change", $2, $3, $1; next }
    { more = 1 }
    END { print "changes", count["added"] + 0, count["changed"] + 0, count["removed"] + 0, more + 0 }
  ' "$scratch/changes"
}

# How two trees differ, from their kept manifests; a tree without one is scanned.
verb_compare() { # TREE FINGERPRINT TREE FINGERPRINT LIMIT AFTER; a TREE may be -: the state without a release
  need_id_or_none "$1" && need_fingerprint "$2" && need_id_or_none "$3" && need_fingerprint "$4" && need_number "$5"
  manifest_for "$1" "$2"
  from=$found
  manifest_for "$3" "$4"
  tell_changes "$from" "$found" "$5" "$6"
}

manifest_for() { # TREE|- FINGERPRINT
  found=/dev/null
  [ "$1" != - ] || return 0
  find_manifest "$1" "$2" || {
    prove "$1" "$2" quick
    found=$PW/manifests/$1
  }
}

# Whether the live state is the expected one, and how it differs. A quick look reads only files that seem touched.
verb_check() { # TREE FINGERPRINT deep|quick LIMIT
  need_id "$1" && need_fingerprint "$2" && need_number "$4"
  live_tree
  expected=
  ! find_manifest "$1" "$2" || expected=$found
  fp=$EMPTY_FINGERPRINT
  manifest=/dev/null
  if [ -n "$live" ]; then
    cache=$PW/manifests/$live
    [ "$3" = quick ] || cache=/dev/null
    scan "$live_dir" "$cache"
    manifest=$scratch/manifest
    # Nothing was new to it: the cache says it all.
    [ -f "$manifest" ] || manifest=$cache
  fi
  printf 'live\t%s\t%s\n' "${live:--}" "$fp"
  if [ "$live" = "$1" ] && [ "$fp" = "$2" ]; then
    keep_manifest "$live"
    keep_expected "$live"
    printf 'changes\t0\t0\t0\t0\n'
  elif [ -n "$expected" ]; then
    tell_changes "$expected" "$manifest" "$4" ''
  fi
}

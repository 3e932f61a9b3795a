
# --- replication ---------------------------------------------------------------------------------------------------

# A delta is one line (`podway-delta`, format, fingerprint, fingerprint of the base, entries that come, bytes of the
# list that follows), the newline-separated list of paths that go, and a tar archive of what comes.
verb_make_delta() { # TREE FINGERPRINT BASE|- BASE_FINGERPRINT
  need_id "$1" && need_fingerprint "$2" && need_id_or_none "$3" && need_fingerprint "$4"
  new_scratch
  : >"$scratch/base"
  prove "$3" "$4" quick
  [ "$3" = - ] || cp "$PW/manifests/$3" "$scratch/base"
  prove "$1" "$2" quick
  : >"$scratch/gone"
  : >"$scratch/come"
  # The folders above what comes are sent with it, so that it can be unpacked into an empty folder.
  awk -F "$TAB" -v gone="$scratch/gone" -v come="$scratch/come" '
    function canonical() { return $2 FS $3 FS $4 FS $5 FS ($2 == "f" ? $6 FS substr($10, length($10) - 63) : $9) }
    function parent(path) { return sub(/\/[^\/]*$/, "", path) ? path : "" }
    function send(path) {
      if (path in sent) return
      sent[path]
      if (path != "") send(parent(path))
      print (path == "" ? "." : "./" path) >come
    }
    NF == 2 { next }
    pass == 1 { base[$1] = canonical(); type[$1] = $2; order[++count] = $1; next }
    {
      there[$1]
      if (($1 in base) && base[$1] == canonical()) next
      if (($1 in base) && !($2 == "d" && type[$1] == "d")) away[$1]
      send($1)
    }
    END {
      for (i = 1; i <= count; i++) {
        path = order[i]
        if (path != "" && (parent(path) in dead)) { dead[path]; continue }
        if ((path in there) && !(path in away)) continue
        print "./" path >gone
        dead[path]
      }
    }' pass=1 "$scratch/base" pass=2 "$PW/manifests/$1"
  printf 'podway-delta\t1\t%s\t%s\t%s\t%s\n' "$2" "$4" "$(wc -l <"$scratch/come")" "$(wc -c <"$scratch/gone")"
  cat "$scratch/gone"
  tr '\n' '\0' <"$scratch/come" >"$scratch/list"
  # A file that changes under tar's eyes is no failure here: the fingerprint on the other side decides.
  status=0
  tar -C "releases/$1" --create --format=gnu --numeric-owner --no-recursion --null --no-unquote \
    --verbatim-files-from -T "$scratch/list" -f - || status=$?
  [ "$status" -le 1 ] || fail UNREADABLE "tree $1 cannot be packed"
}

verb_receive() { # TOKEN DEPLOYMENT TREE FINGERPRINT BASE|- , delta on standard input
  need_number "$1" && need_id "$2" && need_id "$3" && need_fingerprint "$4" && need_id_or_none "$5"
  lock
  fence "$1"
  unlock
  new_stage "$2" "$5" link
  new_scratch
  read -r header || fail DELTA_INVALID "the delta is empty"
  case $header in "podway-delta${TAB}1${TAB}$4${TAB}"*) ;; *) fail DELTA_INVALID "not a delta to $4" ;; esac
  length=${header##*"$TAB"}
  count=${header%"$TAB"*}
  count=${count##*"$TAB"}
  need_number "$length" && need_number "$count"
  head -c "$length" >"$scratch/gone"
  cached=$PW/manifests/$5
  [ -f "$cached" ] || cached=/dev/null
  # What goes must be named inside the tree, and not through a link that leads elsewhere.
  awk -F "$TAB" '
    FILENAME != "-" { if ($2 == "l") link[$1]; next }
    !/^\.\/./ || /\/\.\.?(\/|$)/ || /\/\// { exit 3 }
    {
      path = substr($0, 3)
      while (sub(/\/[^\/]*$/, "", path)) if (path in link) exit 3
    }' "$cached" - <"$scratch/gone" || fail DELTA_INVALID "the delta names a path outside the tree"
  tr '\n' '\0' <"$scratch/gone" | (cd "$stage/tree" && xargs -0 -r rm -rf --)
  mkdir "$stage/incoming"
  tar -C "$stage/incoming" --extract --preserve-permissions --numeric-owner --delay-directory-restore -f - 2>"$scratch/trouble" || {
    disk_full && fail DISK_FULL "no space left to unpack tree $3"
    fail DELTA_INVALID "cannot unpack: $(head -c 300 "$scratch/trouble")"
  }
  cat >/dev/null
  # cp refuses to put a folder in the place of a link: nothing is written through one.
  [ "$count" -eq 0 ] || cp -al -T "$stage/incoming" "$stage/tree"
  remove_folder "$stage/incoming"
  commit "$1" "$stage" "$3" "$4"
  printf 'fingerprint\t%s\t%s\n' "$3" "$fp"
}


# --- replication ---------------------------------------------------------------------------------------------------

# A delta is one line (`podway-delta`, format, fingerprint, fingerprint of the base, entries that come, bytes of each of
# the two lists that follow), the newline-separated list of paths that go, the list of large files that were appended
# to (path, mode, owner, group, mtime, size before, bytes appended), those bytes, and a tar archive of what comes.
verb_make_delta() { # TREE FINGERPRINT BASE|- BASE_FINGERPRINT
  need_id "$1" && need_fingerprint "$2" && need_id_or_none "$3" && need_fingerprint "$4"
  new_scratch
  : >"$scratch/base"
  # The kept manifest with the base's fingerprint tells what the other server has, whatever became of the base here.
  if [ "$3" = - ] || ! kept_fingerprint "$3" || [ "$fp" != "$4" ]; then prove "$3" "$4" quick; fi
  [ "$3" = - ] || cp "$PW/manifests/$3" "$scratch/base"
  prove "$1" "$2" quick
  : >"$scratch/gone"
  : >"$scratch/come"
  : >"$scratch/larger"
  : >"$scratch/grown"
  # Most lines are the same in both. Names with control characters sort otherwise: what is told twice is no difference.
  comm --nocheck-order -23 "$scratch/base" "$PW/manifests/$1" >"$scratch/was"
  comm --nocheck-order -13 "$scratch/base" "$PW/manifests/$1" >"$scratch/is"
  # The folders above what comes are sent with it, so that it can be unpacked into an empty folder.
  awk -F "$TAB" -v OFS="$TAB" -v gone="$scratch/gone" -v come="$scratch/come" -v larger="$scratch/larger" '
    function canonical() { return $2 FS $3 FS $4 FS $5 FS ($2 == "f" ? $6 FS substr($10, length($10) - 63) : $9) }
    function parent(path) { return sub(/\/[^\/]*$/, "", path) ? path : "" }
    function send(path) {
      if (path in sent) return
      sent[path]
      if (path != "") send(parent(path))
      print (path == "" ? "." : "./" path) >come
    }
    pass == 1 { base[$1] = canonical(); type[$1] = $2; size[$1] = $6; order[++count] = $1; next }
    {
      there[$1]
      if (($1 in base) && base[$1] == canonical()) next
      if (($1 in base) && !($2 == "d" && type[$1] == "d")) away[$1]
      if ($2 == "f" && type[$1] == "f" && size[$1] >= 131072 && $6 + 0 > size[$1] + 0 && $7 ~ /^[0-9.]+$/) {
        send(parent($1))
        print "./" $1, $3, $4, $5, $7, size[$1], sprintf("%.0f", $6 - size[$1]) >larger
      } else send($1)
    }
    END {
      for (i = 1; i <= count; i++) {
        path = order[i]
        if (path != "" && (parent(path) in dead)) { dead[path]; continue }
        if ((path in there) && !(path in away)) continue
        print "./" path >gone
        dead[path]
      }
    }' pass=1 "$scratch/was" pass=2 "$scratch/is"
  while IFS=$TAB read -r path more; do
    before=${more%"$TAB"*}
    before=${before##*"$TAB"}
    if cmp -s -n "$before" "releases/$3/$path" "releases/$1/$path"; then
      printf '%s\t%s\n' "$path" "$more" >>"$scratch/grown"
    else
      printf '%s\n' "$path" >>"$scratch/come"
    fi
  done <"$scratch/larger"
  printf 'podway-delta\t2\t%s\t%s\t%s\t%s\t%s\n' "$2" "$4" "$(cat "$scratch/come" "$scratch/grown" | wc -l)" \
    "$(wc -c <"$scratch/gone")" "$(wc -c <"$scratch/grown")"
  cat "$scratch/gone" "$scratch/grown"
  while IFS=$TAB read -r path mode uid gid time before bytes; do
    tail -c "+$((before + 1))" "releases/$1/$path" | head -c "$bytes"
  done <"$scratch/grown"
  tr '\n' '\0' <"$scratch/come" >"$scratch/list"
  # A file that changes under tar's eyes is no failure here: the fingerprint on the other side decides.
  status=0
  tar -C "releases/$1" --create --format=gnu --numeric-owner --no-recursion --null --no-unquote \
    --verbatim-files-from -T "$scratch/list" -f - || status=$?
  [ "$status" -le 1 ] || fail UNREADABLE "tree $1 cannot be packed"
}

# The large files that were appended to: what the base has of each, and the bytes on standard input.
append_grown() { # BASE
  own=$(id -u):$(id -g)
  while IFS=$TAB read -r path mode uid gid time before bytes <&3; do
    file=$stage/incoming/$path
    [ -d "${file%/*}" ] || mkdir -p "${file%/*}"
    head -c "$before" "releases/$1/$path" >"$file" || fail DELTA_INVALID "the base has no file $path"
    head -c "$bytes" >>"$file"
    [ "$uid:$gid" = "$own" ] || chown "$uid:$gid" "$file"
    chmod "$mode" "$file"
    touch -d "@$time" "$file"
  done 3<"$scratch/grown"
}

verb_receive() { # TOKEN DEPLOYMENT TREE FINGERPRINT BASE|- , delta on standard input
  need_number "$1" && need_id "$2" && need_id "$3" && need_fingerprint "$4" && need_id_or_none "$5"
  lock
  fence "$1"
  unlock
  new_stage "$2" "$5" link
  new_scratch
  read -r header || fail DELTA_INVALID "the delta is empty"
  case $header in "podway-delta${TAB}2${TAB}$4${TAB}"*) ;; *) fail DELTA_INVALID "not a delta to $4" ;; esac
  lengths=${header#"podway-delta${TAB}2${TAB}$4${TAB}"*"$TAB"}
  count=${lengths%%"$TAB"*}
  grown=${lengths##*"$TAB"}
  gone=${lengths#*"$TAB"}
  gone=${gone%%"$TAB"*}
  need_number "$count" && need_number "$gone" && need_number "$grown"
  head -c "$gone" >"$scratch/gone"
  head -c "$grown" >"$scratch/grown"
  cached=$PW/manifests/$5
  [ -f "$cached" ] || cached=/dev/null
  # What goes and what grows must be named inside the tree, and not through a link that leads elsewhere.
  awk -F "$TAB" '
    pass == 1 { if ($2 == "l") link[$1]; next }
    $1 !~ /^\.\/./ || $1 ~ /\/\.\.?(\/|$)/ || $1 ~ /\/\// { exit 3 }
    pass == 3 && (NF != 7 || $2 $3 $4 $5 $6 $7 !~ /^[0-9.]+$/ || $6 $7 ~ /\./) { exit 3 }
    {
      path = substr($1, 3)
      if (pass == 3 && path in link) exit 3
      while (sub(/\/[^\/]*$/, "", path)) if (path in link) exit 3
    }' pass=1 "$cached" pass=2 "$scratch/gone" pass=3 "$scratch/grown" ||
    fail DELTA_INVALID "the delta names a path outside the tree"
  tr '\n' '\0' <"$scratch/gone" | (cd "$stage/tree" && xargs -0 -r rm -rf --)
  mkdir "$stage/incoming"
  append_grown "$5"
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

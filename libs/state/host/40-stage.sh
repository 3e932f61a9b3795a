
# --- staging -------------------------------------------------------------------------------------------------------

new_stage() { # DEPLOYMENT BASE|- link|full: sets `stage`, whose folder `tree` holds the copy
  [ "$2" = - ] || [ -d "releases/$2" ] || fail TREE_MISSING "there is no tree $2 to start from"
  stage=$(mktemp -d "$PW/staging/$1.XXXXXX")
  printf '%s\n' "$2" >"$stage/base"
  if [ "$2" = - ]; then
    mkdir "$stage/tree"
    return
  fi
  case $3 in
    link) cp -al -T "releases/$2" "$stage/tree" ;;
    full) cp -a --reflink=auto -T "releases/$2" "$stage/tree" ;;
    *) fail USAGE "not a way to copy: $3" ;;
  esac
  remove_excluded "$stage/tree"
}

# Caches belong to the release that made them.
remove_excluded() { # FOLDER
  set -f
  IFS=$NL
  for path in $EXCLUDED; do rm -rf -- "$1/$path"; done
  unset IFS
  set +f
}

# Replaces each shared path of a tree by a relative link to what all releases share.
link_shared() { # FOLDER
  set -f
  IFS=$NL
  for path in $SHARED; do
    path=${path%/}
    up=../../
    rest=$path
    while [ "$rest" != "${rest#*/}" ]; do
      rest=${rest#*/}
      up=../$up
    done
    parent=${path%/*}
    [ "$parent" = "$path" ] || make_parents "$1" "$parent"
    if [ ! -L "$1/$path" ] || [ "$(readlink "$1/$path")" != "${up}shared/$path" ]; then
      rm -rf -- "$1/$path"
      ln -s "${up}shared/$path" "$1/$path"
    fi
  done
  unset IFS
  set +f
}

# The way to a shared path must not lead out of the tree through a link.
make_parents() { # FOLDER PATH
  at=$1
  ahead=$2/
  while [ -n "$ahead" ]; do
    at=$at/${ahead%%/*}
    ahead=${ahead#*/}
    if [ -L "$at" ] || { [ -e "$at" ] && [ ! -d "$at" ]; }; then fail LAYOUT "no folder, but a shared path is below: $at"; fi
    [ -d "$at" ] || mkdir "$at"
  done
}

# Brings a finished stage in as a tree. A tree that is there already stays, unless it lacks the EXPECTED fingerprint.
commit() { # TOKEN STAGE TREE EXPECTED|-: sets `fp`
  stage=$2
  link_shared "$stage/tree"
  read -r base <"$stage/base"
  scan "$stage/tree" "$PW/manifests/$base"
  special=$(awk -F "$TAB" '$2 !~ /^[dfl]$/ { print $1; exit }' "$scratch/manifest")
  [ -z "$special" ] || fail SPECIAL_FILE "$special is neither file, folder nor link"
  [ "$4" = - ] || [ "$fp" = "$4" ] || fail FINGERPRINT_MISMATCH "the staged tree has fingerprint $fp, not $4"
  sync -f "$stage"
  lock
  fence "$1"
  if [ ! -d "releases/$3" ]; then
    mv -T "$stage/tree" "releases/$3"
    keep_manifest "$3"
  elif [ "$4" = - ]; then
    scan_tree "$3" quick
  else
    mv -f "$scratch/manifest" "$scratch/staged"
    scan "releases/$3" "$PW/manifests/$3"
    if [ "$fp" != "$4" ]; then
      replace_tree "$3"
      fp=$4
      list_digest=-
      mv -f "$scratch/staged" "$scratch/manifest"
    fi
    keep_manifest "$3"
  fi
  settle_current "$3"
  sync -f .
  unlock
}

# Under the lock: a tree that lost its content is replaced by the staged one. A live one is never missing meanwhile.
replace_tree() { # TREE
  live_tree
  if [ "$live_dir" = "releases/$1" ]; then
    rm -rf -- "releases/$1.heal"
    cp -al -T "$stage/tree" "releases/$1.heal"
    point_current "$1.heal"
  fi
  mv -T "releases/$1" "$stage/old"
  mv -T "$stage/tree" "releases/$1"
}

# Under the lock: current leads to a healed tree by its own name again.
settle_current() { # TREE
  [ -d "releases/$1.heal" ] || return 0
  live_tree
  [ "$live_dir" != "releases/$1.heal" ] || point_current "$1"
  mv -T "releases/$1.heal" "$stage/healed"
}

verb_begin_stage() { # TOKEN DEPLOYMENT BASE|- link|full
  need_number "$1" && need_id "$2" && need_id_or_none "$3"
  lock
  fence "$1"
  unlock
  new_stage "$2" "$3" "$4"
  printf 'stage\t%s\n' "${stage##*/}"
  stage=
}

verb_commit_stage() { # TOKEN DEPLOYMENT STAGE TREE
  need_number "$1" && need_id "$2" && need_id "$4"
  case $3 in "$2".??????) ;; *) fail USAGE "not a stage of $2: $3" ;; esac
  case $3 in */*) fail USAGE "not a stage of $2: $3" ;; esac
  if [ -d "releases/$4" ]; then
    lock
    fence "$1"
    unlock
    stage=$PW/staging/$3
    scan_tree "$4" quick
  else
    [ -d "$PW/staging/$3/tree" ] || fail STAGE_MISSING "there is no stage $3"
    commit "$1" "$PW/staging/$3" "$4" -
  fi
  printf 'fingerprint\t%s\t%s\n' "$4" "$fp"
}

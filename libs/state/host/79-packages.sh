# --- packages: Debian packages in exact versions, with the .deb files that bring them back -------------------------

# Of the packages that the part names, a record has: `list` (name, version, architecture, state, wanted state, auto or
# manual, SHA-256 of the sums of its files), `conffiles` (path, then mode, owner and SHA-256, or -), `conffiles.tar` and
# `debs`. Of all others `others` (name, version, architecture, state): an update that changes them is not believed, and
# what it did to them is undone. `configured` names packages of which only configuration files were there.

packages_check() {
  [ "$(id -u)" = 0 ] || fail LAYOUT "part $part: only root installs packages"
  need_tool dpkg dpkg
  need_tool apt-mark apt
}

# The names are patterns of few characters: see the POD's declaration.
package_patterns() { option packages | sed 's/[.+]/\\&/g; s/[*]/.*/g; s/[?]/./g; s/.*/^&(:[a-z0-9-]+)?'"$TAB/"; }

# Writes $scratch/list, others and configured.
list_packages() {
  new_scratch
  dpkg-query -W -f '${binary:Package}\t${Version}\t${Architecture}\t${db:Status-Status}\t${db:Status-Want}\n' |
    sort >"$scratch/all" || fail PART_FAILED "part $part: dpkg-query cannot list packages"
  (cd /var/lib/dpkg/info && find . -name '*.md5sums' -printf '%P\0' | xargs -0 -r sha256sum --) >"$scratch/sums"
  apt-mark showauto >"$scratch/auto" || fail PART_FAILED "part $part: apt-mark cannot list packages"
  package_patterns >"$scratch/patterns"
  awk -F "$TAB" '$4 == "config-files" { print $1 }' "$scratch/all" >"$scratch/configured"
  awk -F "$TAB" '$4 != "config-files" && $4 != "not-installed"' "$scratch/all" >"$scratch/installed"
  grep -vE -f "$scratch/patterns" "$scratch/installed" | cut -f 1-4 >"$scratch/others" || :
  { grep -E -f "$scratch/patterns" "$scratch/installed" || :; } |
    awk -F "$TAB" -v OFS="$TAB" -v native="$(dpkg --print-architecture)" '
      pass == 1 { sums[substr($0, 67)] = substr($0, 1, 64); next }
      pass == 2 { auto[$1] = 1; next }
      {
        name = $1
        sub(":" native "$", "", name)
        print $0, ((name in auto) ? "auto" : "manual"), (($1 ".md5sums") in sums ? sums[$1 ".md5sums"] : "-")
      }' pass=1 "$scratch/sums" pass=2 "$scratch/auto" pass=3 - >"$scratch/list"
}

# With what dpkg has put beside them when the administrator's and the package's differed.
list_conffiles() {
  dpkg-query -W -f '${binary:Package}\t\n${Conffiles}\n' | awk -F "$TAB" '
    pass == 1 { listed[$1] = 1; next }
    NF > 1 { ours = ($1 in listed); next }
    ours && /^ \// { sub(/^ /, ""); sub(/( obsolete| remove-on-upgrade)+$/, ""); sub(/ [^ ]+$/, ""); print }
  ' pass=1 "$scratch/list" pass=2 - | sort -u | while IFS= read -r path; do
    printf '%s\n' "$path"
    for ending in dist new old; do [ ! -e "$path.dpkg-$ending" ] || printf '%s\n' "$path.dpkg-$ending"; done
  done | while IFS= read -r path; do
    if [ -L "$path" ]; then
      printf '%s\tlink\t%s\n' "$path" "$(readlink "$path")"
    elif [ -f "$path" ]; then
      printf '%s\t%s\t%s\n' "$path" "$(stat -c '%a %u %g' "$path")" "$(sha256sum <"$path" | cut -c1-64)"
    else
      printf '%s\t-\n' "$path"
    fi
  done >"$scratch/conffiles"
}

# No program but this one is to change them from now on: apt leaves what is on hold.
hold_packages() {
  awk -F "$TAB" '$4 == "installed" && $5 != "hold" { print $1 }' "$scratch/list" >"$scratch/free"
  [ -s "$scratch/free" ] || return 0
  backup 'put on hold' xargs -r apt-mark hold <"$scratch/free"
  list_packages
}

packages_fingerprint() { # deep|quick
  list_packages
  [ "$VERB" != part-record ] || hold_packages
  list_conffiles
  : >"$scratch/outside"
  # Whether the update has changed more than it may.
  case $VERB,${record-} in
    parts-live,*) ;;
    *,*/before.*) [ ! -f "$record/others" ] || comm -3 "$record/others" "$scratch/others" >"$scratch/outside" ;;
  esac
  fp=$(cat "$scratch/list" "$scratch/conffiles" "$scratch/outside" | sha256sum)
  fp=${fp%% *}
}

name_deb() { # NAME VERSION ARCHITECTURE
  printf '%s_%s_%s.deb' "${1%%:*}" "$(printf '%s' "$2" | sed 's/:/%3a/g')" "$3"
}

# Whether a file is this version of the package, and of the content that was installed.
is_deb_of() { # FILE NAME VERSION ARCHITECTURE SUM
  [ -f "$1" ] || return 1
  [ "$(dpkg-deb --showformat '${Package}\t${Version}\t${Architecture}' -W "$1" 2>/dev/null)" = "${2%%:*}$TAB$3$TAB$4" ] || return 1
  [ "$5" != - ] && dpkg-deb -I "$1" md5sums >"$scratch/md5sums" 2>/dev/null || return 0
  [ "$(sha256sum <"$scratch/md5sums" | cut -c1-64)" = "$5" ]
}

# From another record, from what the update brought, or from apt's cache.
find_deb() { # LINE NAME VERSION ARCHITECTURE SUM
  deb=$(name_deb "$2" "$3" "$4")
  line=$1
  shift
  for other in "$part_dir"/records/*/list; do
    [ -f "${other%/*}/debs/$deb" ] && grep -qxF -- "$line" "$other" || continue
    ln -f "${other%/*}/debs/$deb" "$record/debs/$deb"
    return 0
  done
  while IFS= read -r file; do
    ! is_deb_of "$file" "$@" || { cp "$file" "$record/debs/$deb" && return 0; }
  done <"$scratch/brought"
  is_deb_of "/var/cache/apt/archives/$deb" "$@" && cp "/var/cache/apt/archives/$deb" "$record/debs/$deb"
}

download_debs() { # FOLDER, names with versions on standard input
  (cd "$1" && xargs -r apt-get -q -o APT::Sandbox::User=root -o APT::Color=0 download) >"$scratch/said" 2>"$scratch/trouble" || :
}

packages_record() {
  id=${record##*/}
  before=$part_dir/records/before.${id%.new}
  if [ -f "$before/others" ]; then
    outside=$(comm -3 "$before/others" "$scratch/others" | awk '{ print $1 }' | sort -u | tr '\n' ' ')
    [ -z "$outside" ] || fail PART_FAILED "part $part does not name what the update has changed: $outside"
  fi
  for file in list conffiles others configured; do cp "$scratch/$file" "$record/$file"; done
  awk -F "$TAB" '$2 != "-" { print substr($1, 2) }' "$record/conffiles" | tr '\n' '\0' |
    tar -C / --create --format=posix --numeric-owner --acls --xattrs --null --verbatim-files-from -T - \
      -f "$record/conffiles.tar" || fail UNREADABLE "part $part: configuration files cannot be read"
  mkdir "$record/debs"
  find "$PW/staging" -path "$PW/staging/*/files-*" -type f -name '*.deb' >"$scratch/brought"
  : >"$scratch/wanted"
  while IFS= read -r line; do
    split_line "$line"
    find_deb "$line" "$name" "$version" "$architecture" "$sum" ||
      printf '%s:%s=%s\n' "${name%%:*}" "$architecture" "$version" >>"$scratch/wanted"
  done <"$record/list"
  [ -s "$scratch/wanted" ] || return 0
  mkdir "$scratch/debs"
  download_debs "$scratch/debs" <"$scratch/wanted"
  find "$scratch/debs" -type f -name '*.deb' >"$scratch/brought"
  while IFS= read -r line; do
    split_line "$line"
    [ -f "$record/debs/$(name_deb "$name" "$version" "$architecture")" ] ||
      find_deb "$line" "$name" "$version" "$architecture" "$sum" ||
      fail PART_FAILED "part $part: neither the server nor its repositories have $name $version: $(tail -c 300 "$scratch/trouble")"
  done <"$record/list"
  rm -rf -- "$scratch/debs"
}
split_line() {
  IFS=$TAB read -r name version architecture state want mark sum <<LINE
$1
LINE
}

# dpkg's programs must not hold the parts' lock: services that they start would. dpkg has a lock of its own.
run_dpkg() { # ARGUMENT...
  tries=0
  until DEBIAN_FRONTEND=noninteractive dpkg --force-confdef,confold,downgrade,depends,breaks,conflicts,overwrite,remove-reinstreq \
    "$@" </dev/null >"$scratch/said" 2>"$scratch/trouble" 7>&- 9>&-; do
    tries=$((tries + 1))
    grep -q 'locked by another process' "$scratch/trouble" && [ "$tries" -lt "$LOCK_WAIT_S" ] || return 1
    sleep 1
  done
}
need_dpkg() {
  run_dpkg "$@" || fail PART_FAILED "part $part could not be put back: $(tail -c 500 "$scratch/trouble")"
}

# What is too much is removed first, then what differs is installed. Dependencies are not asked in between: the set as
# a whole was there before, and dpkg says at the end whether it is whole.
packages_put() {
  new_scratch
  run_dpkg --configure -a || :
  list_packages
  cp "$record/list" "$scratch/all-wanted"
  cp "$scratch/list" "$scratch/all-live"
  case $record in
    */before.*)
      cat "$record/others" >>"$scratch/all-wanted"
      cat "$scratch/others" >>"$scratch/all-live"
      ;;
  esac
  awk -F "$TAB" 'pass == 1 { wanted[$1] = 1; next } !($1 in wanted) { print $1 }' \
    pass=1 "$scratch/all-wanted" pass=2 "$scratch/all-live" >"$scratch/too-much"
  grep -xF -f "$record/configured" "$scratch/too-much" >"$scratch/to-remove" || :
  grep -vxF -f "$record/configured" "$scratch/too-much" >"$scratch/to-purge" || :
  for how in remove purge; do
    [ ! -s "$scratch/to-$how" ] || need_dpkg "--$how" $(cat "$scratch/to-$how")
  done
  rm -rf -- "$scratch/debs"
  mkdir "$scratch/debs"
  awk -F "$TAB" -v OFS="$TAB" '
    { key = $1 OFS $2 OFS $3 OFS $4 OFS $7 }
    pass == 1 { live[key] = 1; next }
    !(key in live) && $4 == "installed"' pass=1 "$scratch/all-live" pass=2 "$scratch/all-wanted" >"$scratch/to-install"
  : >"$scratch/wanted"
  while IFS= read -r line; do
    split_line "$line"
    deb=$(name_deb "$name" "$version" "$architecture")
    if [ -f "$record/debs/$deb" ]; then
      ln -s "$ROOT/$record/debs/$deb" "$scratch/debs/$deb"
    elif is_deb_of "/var/cache/apt/archives/$deb" "$name" "$version" "$architecture" -; then
      ln -s "/var/cache/apt/archives/$deb" "$scratch/debs/$deb"
    else
      printf '%s:%s=%s\n' "${name%%:*}" "$architecture" "$version" >>"$scratch/wanted"
    fi
  done <"$scratch/to-install"
  download_debs "$scratch/debs" <"$scratch/wanted"
  [ "$(find "$scratch/debs" -name '*.deb' | wc -l)" = "$(wc -l <"$scratch/to-install")" ] ||
    fail PART_FAILED "part $part: not all could be had of $(tr '\n' ' ' <"$scratch/wanted"): $(tail -c 300 "$scratch/trouble")"
  [ ! -s "$scratch/to-install" ] || need_dpkg --install "$scratch"/debs/*.deb
  put_marks
  put_conffiles
  need_dpkg --configure -a
  sync
}

put_marks() {
  for mark in hold unhold auto manual; do
    awk -F "$TAB" -v mark="$mark" '
      mark == "hold" ? $5 == "hold" : mark == "unhold" ? $5 != "hold" : $6 == mark { print $1 }' "$record/list" >"$scratch/marked"
    [ ! -s "$scratch/marked" ] || backup 'put back' xargs -r apt-mark "$mark" <"$scratch/marked"
  done
}

put_conffiles() {
  backup 'put back' tar -C / --extract --numeric-owner --acls --xattrs -p --unlink-first -f "$record/conffiles.tar"
  awk -F "$TAB" '$2 == "-" { print $1 }' "$record/conffiles" | tr '\n' '\0' | xargs -0 -r rm -f --
  list_packages
  list_conffiles
  cut -f 1 "$scratch/conffiles" | grep '\.dpkg-[a-z]*$' >"$scratch/left-by-dpkg" || :
  cut -f 1 "$record/conffiles" | grep -vxF -f - "$scratch/left-by-dpkg" | tr '\n' '\0' | xargs -0 -r rm -f -- || :
}

packages_offer() { cat "$part_dir"/records/*/list 2>/dev/null | sort -u || :; }

# A tar of the record, without the .deb files that the other server has.
packages_send() {
  new_scratch
  sort -u >"$scratch/offer"
  printf 'podway-packages\n'
  printf '%s\0' list conffiles others configured conffiles.tar >"$scratch/come"
  sort "$record/list" | comm -13 "$scratch/offer" - >"$scratch/lacking"
  while IFS= read -r line; do
    split_line "$line"
    printf 'debs/%s\0' "$(name_deb "$name" "$version" "$architecture")" >>"$scratch/come"
  done <"$scratch/lacking"
  tar -C "$record" --create --format=gnu --null --verbatim-files-from -T "$scratch/come" -f - ||
    fail UNREADABLE "the record of part $part cannot be packed"
}

packages_take() {
  IFS= read -r word || fail DELTA_INVALID "nothing came for part $part"
  [ "$word" = podway-packages ] || fail DELTA_INVALID "not a record of packages"
  tar -C "$record" --extract --no-same-owner -f - 2>"$scratch/trouble" || {
    disk_full && fail DISK_FULL "no space left for part $part"
    fail DELTA_INVALID "cannot unpack: $(head -c 300 "$scratch/trouble")"
  }
  [ -z "$(find "$record" ! -type f ! -type d -print -quit)" ] || fail DELTA_INVALID "part $part came with a link"
  ! grep -qvE "^[a-z0-9.+:-]+$TAB[A-Za-z0-9.+:~-]+$TAB[a-z0-9-]+$TAB" "$record/list" || fail DELTA_INVALID "not a list of packages"
  mkdir -p "$record/debs"
  : >"$scratch/brought"
  while IFS= read -r line; do
    split_line "$line"
    [ -f "$record/debs/$(name_deb "$name" "$version" "$architecture")" ] ||
      find_deb "$line" "$name" "$version" "$architecture" "$sum" ||
      fail DELTA_INVALID "part $part came without $name $version"
  done <"$record/list"
}

# All of a record is in its folder; a .deb goes with the last record that has it.
packages_drop() { :; }
packages_tidy() { :; }

# --- database: MariaDB ---

mariadb_connection() {
  beside=${database}__podway_new
  (
    umask 077
    {
      printf '[client]\ndefault-character-set=utf8mb4\nuser=%s\n' "${db_user:-root}"
      [ -z "$db_host" ] || printf 'protocol=tcp\nhost=%s\n' "$db_host"
      [ -z "$db_port" ] || printf 'port=%s\n' "$db_port"
      [ -z "$db_socket" ] || printf 'socket=%s\n' "$db_socket"
      [ -z "$db_password" ] || printf 'password="%s"\n' "$(printf '%s' "$db_password" | sed 's/[\\"]/\\&/g')"
    } >"$scratch/my.cnf"
  )
}

in_mariadb() { # PROGRAM ARGUMENT...
  program=$1
  shift
  "$program" --defaults-extra-file="$ROOT/$scratch/my.cnf" --max-allowed-packet=1G "$@"
}
ask_mariadb() { # ARGUMENT...: what it tells goes to $scratch/said
  backup 'asked or changed' in_mariadb mariadb --batch --skip-column-names --raw --binary-mode "$@"
}

mariadb_exists() { # DATABASE
  ask_mariadb -e "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = '$1'" </dev/null
  [ -s "$scratch/said" ]
}

# Tables of engines without transactions leave no marker that could be trusted: the data are read.
mariadb_mark() { mark=-; }

# Counters move with data, so they are no part of the schema.
mariadb_schema() { # DATABASE
  mariadb_exists "$1"
  cp "$scratch/said" "$scratch/schema"
  backup read in_mariadb mariadb-dump --no-data --skip-lock-tables --routines --triggers --events --skip-comments \
    --skip-dump-date "$1" </dev/null
  sed -E -e "s/^ALTER DATABASE \`$1\` /ALTER DATABASE \`$database\` /" -e 's/^(\) ENGINE=.*) AUTO_INCREMENT=[0-9]+/\1/' -e '/^(DO|SELECT) SETVAL\(/d' "$scratch/said" >>"$scratch/schema"
}

mariadb_rows() { # DATABASE all|content
  only=TRUE
  [ "$2" = all ] || only="t.table_name IN ($(option content | sed "s/'/''/g; s/.*/'&'/" | paste -sd ,))"
  cat >"$scratch/sql" <<SQL
SET SESSION group_concat_max_len = 1073741824, sql_mode = '';
SELECT CONCAT('SELECT ', QUOTE(CONCAT_WS(0x09, 'T', number, REGEXP_REPLACE(table_name, '[[:cntrl:]]', '?'))), ';'),
  CONCAT('SELECT CONCAT(', QUOTE(CONCAT('R', 0x09, number, 0x09)), ', SHA2(CONCAT_WS('','', ', expressions, '), 256)) FROM ', name, ';')
FROM (
  SELECT t.table_name, ROW_NUMBER() OVER (ORDER BY BINARY t.table_name) AS number,
    CONCAT('\`', REPLACE(t.table_name, '\`', '\`\`'), '\`') AS name,
    IF(t.table_type = 'SEQUENCE', 'next_not_cached_value', (
      SELECT GROUP_CONCAT(CONCAT('IFNULL(SHA2(CAST(\`', REPLACE(c.column_name, '\`', '\`\`'), '\` AS BINARY), 256), ''-'')')
        ORDER BY c.ordinal_position)
      FROM information_schema.columns c WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name)) AS expressions
  FROM information_schema.tables t
  WHERE t.table_schema = '$1' AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') AND $only
) AS numbered ORDER BY number;
SQL
  ask_mariadb <"$scratch/sql"
  {
    printf "SET SESSION time_zone = '+00:00', sql_mode = '';\n"
    printf 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSTART TRANSACTION WITH CONSISTENT SNAPSHOT;\n'
    cat "$scratch/said"
  } >"$scratch/sql"
  ask_mariadb --quick "$1" <"$scratch/sql"
}

mariadb_dump() {
  mariadb_exists "$database"
  cp "$scratch/said" "$record/charset"
  backup recorded in_mariadb mariadb-dump --single-transaction --routines --triggers --events --hex-blob "$database" </dev/null
  mv -f "$scratch/said" "$record/dump"
  sync "$record/dump"
  tail -n 1 "$record/dump" | grep -q '^-- Dump completed' || fail PART_FAILED "part $part: the dump has no end"
}

# A database has no rename here. The dump is proved in one beside; then the live one is emptied and filled, and a mark
# stands until that is done: a call that was cut is done again.
mariadb_put() {
  if [ -f "$record/absent" ]; then
    ask_mariadb -e "DROP DATABASE IF EXISTS \`$database\`" </dev/null
    rm -f "$part_dir/putting"
    return 0
  fi
  fill_mariadb "$beside"
  prove_beside "$beside"
  ask_mariadb -e "DROP DATABASE IF EXISTS \`$beside\`" </dev/null
  printf '%s\n' "${record##*/}" | write_safely "$part_dir/putting"
  fill_mariadb "$database"
  prove_beside "$database"
  rm -f "$part_dir/putting"
}

fill_mariadb() { # DATABASE
  IFS=$TAB read -r charset collation <"$record/charset"
  case $charset$collation in *[!a-z0-9_]*) fail DELTA_INVALID "part $part: not a character set: $charset $collation" ;; esac
  ask_mariadb -e "DROP DATABASE IF EXISTS \`$1\`; CREATE DATABASE \`$1\` CHARACTER SET $charset COLLATE $collation" </dev/null
  # Around programs that were made under another collation, the dump changes the database's by its name.
  sed "s/^ALTER DATABASE \`$database\` /ALTER DATABASE \`$1\` /" "$record/dump" >"$scratch/load"
  ask_mariadb "$1" <"$scratch/load"
  rm -f "$scratch/load"
}

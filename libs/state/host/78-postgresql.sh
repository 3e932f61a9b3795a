# --- database: PostgreSQL ---

# Without a host and a password, root becomes the database's user, as Debian's servers want it.
postgresql_connection() {
  db_user=${db_user:-postgres}
  if [ -n "$db_password" ]; then
    (
      umask 077
      printf '*:*:*:*:%s\n' "$(printf '%s' "$db_password" | sed 's/[\\:]/\\&/g')" >"$scratch/pgpass"
    )
  fi
  # Debian's own programs behind its wrapper, the newest of them.
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
    [ ! -x "$folder/pg_restore" ] || PATH=$folder:$PATH
  done
  beside=${database}__podway_new
  aside=${database}__podway_old
}

# All that shapes the text of rows is set, so that it is the same on each server.
PG_SETTINGS='-c datestyle=ISO,MDY -c intervalstyle=postgres -c timezone=UTC -c bytea_output=hex -c extra_float_digits=1
-c lc_monetary=C -c default_transaction_read_only=off -c row_security=off -c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0'

in_pg() ( # COMMAND...
  PGHOST=${db_host:-$db_socket} PGPORT=${db_port:-5432} PGUSER=$db_user PGOPTIONS=$(printf '%s' "$PG_SETTINGS" | tr '\n' ' ')
  unset PGDATABASE PGSERVICE PGSERVICEFILE PGPASSWORD PGPASSFILE PGCLIENTENCODING PGDATESTYLE PGTZ
  [ -n "$PGHOST" ] || unset PGHOST
  [ -z "$db_password" ] || PGPASSFILE=$ROOT/$scratch/pgpass
  PGAPPNAME=${pg_name:-podway} PGCONNECT_TIMEOUT=10
  export PGHOST PGPORT PGUSER PGOPTIONS PGPASSFILE PGAPPNAME PGCONNECT_TIMEOUT
  [ -n "${PGHOST-}" ] || unset PGHOST
  [ -n "${PGPASSFILE-}" ] || unset PGPASSFILE
  cd /
  if [ -z "$db_host$db_password" ] && [ "$(id -u)" = 0 ] && [ "$db_user" != root ] && id -u "$db_user" >/dev/null 2>&1; then
    exec runuser -u "$db_user" -- "$@"
  fi
  exec "$@"
)
in_psql() { # DATABASE ARGUMENT...: what it tells goes to $scratch/said
  pg_database=$1
  shift
  backup 'asked or changed' in_pg psql -XAtq -v ON_ERROR_STOP=1 -d "$pg_database" "$@"
}

postgresql_exists() { # DATABASE
  in_psql postgres -c "SELECT 1 FROM pg_database WHERE datname = '$1'" </dev/null
  [ -s "$scratch/said" ]
}

# Which transactions are seen: as long as that is the same, nothing was written in the whole cluster. Tables that are not
# logged may lose rows without a transaction.
postgresql_mark() {
  mark=-
  postgresql_exists "$database" || return 0
  in_psql "$database" -c "SELECT CASE WHEN EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u') THEN '-' ELSE
    concat_ws(':', (SELECT oid FROM pg_database WHERE datname = current_database()), s.system_identifier, c.timeline_id,
    pg_current_snapshot()) END FROM pg_control_system() s, pg_control_checkpoint() c" </dev/null
  read -r mark <"$scratch/said"
}

# With the database's own settings and grants. Owners are kept by dumps, but not compared.
postgresql_schema() { # DATABASE
  backup read in_pg pg_dump --schema-only --create --no-owner --no-tablespaces -d "$1" </dev/null
  sed -e "s/\\b$beside\\b/$database/g" -e "s/\"$database\"/$database/g" -e '/^-- Dumped /d' -e '/^\\\(un\)\{0,1\}restrict /d' "$scratch/said" >"$scratch/schema"
}

postgresql_rows() { # DATABASE all|content
  only=true
  if [ "$2" = content ]; then
    only="n.nspname || '.' || c.relname IN ($(option content | sed "s/'/''/g; /\\./!s/^/public./; s/.*/'&'/" | paste -sd ,))"
  fi
  cat >"$scratch/sql" <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT format('SELECT %L', concat_ws(E'\t', 'T', number, regexp_replace(name, '[[:cntrl:]]', '?', 'g'))),
  CASE kind WHEN 'S' THEN
    format('SELECT %L || encode(sha256(textsend(concat_ws('','', last_value, is_called))), ''hex'') FROM %s', label, name)
  ELSE
    format('SELECT %L || encode(sha256(textsend((t.*)::text)), ''hex'') FROM ONLY %s t', label, name)
  END
FROM (
  SELECT format('%I.%I', nspname, relname) AS name, relkind AS kind, number, concat('R', E'\t', number, E'\t') AS label
  FROM (
    SELECT n.nspname, c.relname, c.relkind, row_number() OVER (ORDER BY n.nspname, c.relname) AS number
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      AND $only
  ) AS numbered
) AS labelled ORDER BY number
\gexec
SQL
  if [ "$2" = all ]; then
    cat >>"$scratch/sql" <<'SQL'
SELECT E'T\t0\tlarge objects' FROM pg_largeobject_metadata LIMIT 1;
SELECT E'R\t0\t' || encode(sha256(textsend(oid::text) || lo_get(oid)), 'hex') FROM pg_largeobject_metadata;
SQL
  fi
  in_psql "$1" <"$scratch/sql"
}

postgresql_dump() {
  backup recorded in_pg pg_dump -Fc -d "$database" </dev/null
  mv -f "$scratch/said" "$record/dump"
  sync "$record/dump"
  backup recorded pg_restore --list "$record/dump"
  grep -q '^;     Dumped from database version' "$scratch/said" || fail PART_FAILED "part $part: the dump has no list"
}

# Into a database beside, which then takes the name: both names change in one transaction, or none does.
postgresql_put() {
  pg_name=podway-put
  # What a cut call has left at work.
  in_psql postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'podway-put' AND pid <> pg_backend_pid()" </dev/null
  for left_over in "$beside" "$aside"; do
    in_psql postgres -c "DROP DATABASE IF EXISTS $left_over WITH (FORCE)" </dev/null
  done
  if [ -f "$record/absent" ]; then
    in_psql postgres -c "DROP DATABASE IF EXISTS $(pg_quoted "$database") WITH (FORCE)" </dev/null
    pg_name=
    return 0
  fi
  create_beside
  backup 'put back' in_pg pg_restore --exit-on-error -d "$beside" <"$record/dump"
  in_psql "$beside" -c ANALYZE </dev/null
  pg_name=
  prove_beside "$beside"
  pg_name=podway-put
  swap_databases
  in_psql postgres -c "DROP DATABASE IF EXISTS $aside WITH (FORCE)" </dev/null
  pg_name=
}

# Encoding, collation, owner, settings and grants of the database are those of the record.
create_beside() {
  backup 'put back' pg_restore --create --list "$record/dump"
  grep -E '^[0-9]+; [0-9]+ [0-9]+ (DATABASE|((ACL|COMMENT|SECURITY LABEL) - DATABASE)) ' "$scratch/said" >"$scratch/entries"
  backup 'put back' pg_restore --create -L "$scratch/entries" -f - "$record/dump"
  sed -E -e '/^\\connect /d' \
    -e "s/^((CREATE|ALTER) DATABASE) \"?$database\"? /\\1 $beside /" \
    -e "s/^(ALTER ROLE .* IN DATABASE) \"?$database\"? /\\1 $beside /" \
    -e "s/^((COMMENT|GRANT|REVOKE|SECURITY LABEL) .*ON DATABASE) \"?$database\"? /\\1 $beside /" "$scratch/said" >"$scratch/sql"
  in_psql postgres <"$scratch/sql"
}

swap_databases() {
  renames="ALTER DATABASE $beside RENAME TO $(pg_quoted "$database")"
  if postgresql_exists "$database"; then
    set -- -1 -c "ALTER DATABASE $(pg_quoted "$database") RENAME TO $aside" -c "$renames"
  else
    set -- -c "$renames"
  fi
  for try in 1 2 3 4 5; do
    in_pg psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@" >/dev/null 2>"$scratch/swap" </dev/null &
    swapping=$!
    # A rename waits some seconds for others to leave, and lets no new ones in meanwhile.
    while kill -0 "$swapping" 2>/dev/null; do
      end_sessions
      sleep 0.1
    done
    ! wait "$swapping" || return 0
  done
  fail PART_FAILED "part $part could not be swapped: $(tail -c 500 "$scratch/swap")"
}
end_sessions() {
  in_psql postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('$database', '$beside') AND pid <> pg_backend_pid() AND backend_type = 'client backend'" </dev/null
}
pg_quoted() { printf '"%s"' "$1"; }

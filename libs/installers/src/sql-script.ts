/** The script failed; it did not do its work; another version is there; the database does not answer. */
export const SQL_FAILED = 60;
export const SQL_NOT_DONE = 61;
export const SQL_UNEXPECTED = 62;
export const SQL_UNREACHABLE = 63;

/**
 * The job of the sql installer (POSIX sh, psql or mariadb). Its parameters are variables of its environment, its arguments the
 * names of the bundle's variables. Lines for us: \`podway-sql version FOUND\`, \`podway-sql begun VERSION\`, \`podway-sql committed\`.
 */
export const sqlJob = `
own=$PODWAY_SQL_OWN
password=
if [ -n "$PODWAY_SQL_PASSWORD_FILE" ]; then
  IFS= read -r password <"$PODWAY_SQL_PASSWORD_FILE" || [ -n "$password" ] || exit ${SQL_UNREACHABLE}
fi
cd /

postgresql() {
  (
    PGHOST=\${PODWAY_SQL_HOST:-$PODWAY_SQL_SOCKET} PGUSER=\${PODWAY_SQL_USER:-postgres} PGAPPNAME=podway PGCONNECT_TIMEOUT=10
    PGPORT=$PODWAY_SQL_PORT PGPASSWORD=$password PGOPTIONS='-c default_transaction_read_only=off'
    unset PGDATABASE PGSERVICE PGSERVICEFILE PGPASSFILE PGCLIENTENCODING
    export PGHOST PGUSER PGAPPNAME PGCONNECT_TIMEOUT PGPORT PGPASSWORD PGOPTIONS
    [ -n "$PGHOST" ] || unset PGHOST
    [ -n "$PGPORT" ] || unset PGPORT
    [ -n "$password" ] || unset PGPASSWORD
    text=$(cat "$PODWAY_SQL_PROGRAM")
    set -- sh -c "$text" psql -XAtq -v ON_ERROR_STOP=1 -d "$PODWAY_SQL_DATABASE"
    # By its socket, root is known to nobody: it becomes the user of the system that is.
    if [ -z "$PODWAY_SQL_HOST$password" ] && [ "$(id -u)" = 0 ] && [ "$PGUSER" != root ] && id -u "$PGUSER" >/dev/null 2>&1; then
      exec runuser -u "$PGUSER" -- "$@"
    fi
    exec "$@"
  )
}
# psql asks a shell for them: no value is an argument.
postgresql_variables() {
  # Where an error is shown with its place in the statement, values are quoted and cut: no secret is recognised there.
  [ -z "$PODWAY_SQL_SECRETS" ] || echo '\\set VERBOSITY terse'
  for name in "$@"; do
    printf '\\\\set %s \`printf "%%s" "$%s"\`\\n' "$name" "PODWAY_VAR_$(printf '%s' "$name" | tr a-z A-Z)"
  done
}

mariadb() {
  (
    MYSQL_PWD=$password
    export MYSQL_PWD
    [ -n "$password" ] || unset MYSQL_PWD
    set -- --batch --raw --skip-column-names --binary-mode --default-character-set=utf8mb4 --user="\${PODWAY_SQL_USER:-root}" "$@"
    [ -z "$PODWAY_SQL_HOST" ] || set -- --protocol=tcp --host="$PODWAY_SQL_HOST" "$@"
    [ -z "$PODWAY_SQL_PORT" ] || set -- --port="$PODWAY_SQL_PORT" "$@"
    [ -z "$PODWAY_SQL_SOCKET" ] || set -- --socket="$PODWAY_SQL_SOCKET" "$@"
    exec sh "$PODWAY_SQL_PROGRAM" "$@" "$PODWAY_SQL_DATABASE"
  )
}
mariadb_variables() {
  for name in "$@"; do
    value=$(printenv "PODWAY_VAR_$(printf '%s' "$name" | tr a-z A-Z)"; printf .)
    value=\${value%??}
    printf "SET @%s = CONVERT(X'%s' USING utf8mb4);\\n" "$name" "$(printf '%s' "$value" | od -An -v -tx1 | tr -d ' \\n')"
  done
}

look() {
  if [ "$PODWAY_SQL_ENGINE" = mariadb ]; then
    mariadb <"$own/there.sql" >"$own/found" || return
    [ -s "$own/found" ] || return 0
  fi
  "$PODWAY_SQL_ENGINE" <"$own/look.sql" >"$own/found"
}
line() { sed -n "$1p" "$own/found"; }
version() { line "$1" | cut -d ' ' -f 1; }

[ -r "$PODWAY_SQL_FILE" ] || exit 126
look || exit ${SQL_UNREACHABLE}
case $(line 1) in *' begun') echo "podway-sql begun $(version 1)"; exit ${SQL_UNEXPECTED} ;; esac
applied="$PODWAY_SQL_VERSION $PODWAY_SQL_SCRIPT applied"
if [ "$PODWAY_SQL_DIRECTION" = up ]; then
  [ "$(line 1)" != "$applied" ] || { echo "the schema has version $PODWAY_SQL_VERSION already"; exit 0; }
  [ "$(version 1)" = "$PODWAY_SQL_EXPECTED" ] || { echo "podway-sql version $(version 1)"; exit ${SQL_UNEXPECTED}; }
else
  [ "$(version 1)" != "$PODWAY_SQL_EXPECTED" ] || { echo "the schema is back at version $PODWAY_SQL_EXPECTED already"; exit 0; }
  [ "$(version 1) $(version 2)" = "$PODWAY_SQL_VERSION $PODWAY_SQL_EXPECTED" ] ||
    { echo "podway-sql version $(version 1)"; exit ${SQL_UNEXPECTED}; }
fi
[ "$PODWAY_SQL_ENGINE" != mariadb ] || mariadb <"$own/table.sql" || exit ${SQL_UNREACHABLE}
{
  "$PODWAY_SQL_ENGINE"_variables "$@"
  cat "$own/before.sql" "$PODWAY_SQL_FILE" "$own/after.sql"
} | "$PODWAY_SQL_ENGINE"
status=$?
look || exit ${SQL_UNREACHABLE}
case $(line 1) in *' begun') echo 'podway-sql committed' ;; esac
[ "$status" -eq 0 ] || exit ${SQL_FAILED}
# Success is what the table has afterwards.
if [ "$PODWAY_SQL_DIRECTION" = up ]; then
  [ "$(line 1)" = "$applied" ] || exit ${SQL_NOT_DONE}
else
  [ "$(version 1)" = "$PODWAY_SQL_EXPECTED" ] || exit ${SQL_NOT_DONE}
fi
`;

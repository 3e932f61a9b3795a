import type { SqlEngine } from '@podway/contracts';

/** One step of a schema, from one version to the next or back. All of it is of forms that need no quoting in SQL. */
export interface SchemaStep {
  readonly database: string;
  /** Name of the schema in the table: the component's. */
  readonly name: string;
  readonly version: string;
  readonly direction: 'up' | 'down';
  /** SHA-256 of the script that makes the version. */
  readonly script: string;
  readonly deploymentId: string;
}

export interface SqlTexts {
  /** Tells the newest two versions, newest first: version, script, state. Nothing when there is no table. */
  readonly look: string;
  /** What comes before and after the script, in one session. */
  readonly before: string;
  readonly after: string;
}

/** What our tables hold is changed so by an `up`, and by a `down`. */
const insert = (table: string, state: string, { name, version, script, deploymentId }: SchemaStep): string =>
  `INSERT INTO ${table} (name, version, position, script, state, deployment)
SELECT '${name}', '${version}', coalesce(max(position), 0) + 1, '${script}', '${state}', '${deploymentId}'
FROM ${table} WHERE name = '${name}';`;
const where = ({ name, version }: SchemaStep): string => `WHERE name = '${name}' AND version = '${version}'`;
const newest = (table: string, columns: string, { name }: SchemaStep): string =>
  `SELECT ${columns} FROM ${table} WHERE name = '${name}' ORDER BY position DESC LIMIT 2;`;

/** One transaction. A script that ends it by itself is found by its id, and fails. */
function postgresql(step: SchemaStep): SqlTexts {
  const table = ':"podway_in".podway_schema';
  return {
    look: `SELECT to_regclass('podway_schema') IS NOT NULL AS podway_there \\gset
\\if :podway_there
${newest('podway_schema', "version || ' ' || script || ' ' || state", step)}
\\endif
`,
    before: `BEGIN;
SET LOCAL client_min_messages = warning;
CREATE TABLE IF NOT EXISTS podway_schema (name text, version text, position integer NOT NULL, script text NOT NULL,
  state text NOT NULL, deployment text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, version));
LOCK TABLE podway_schema IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL client_min_messages = notice;
SELECT txid_current() AS podway_transaction, current_schema() AS podway_in \\gset
`,
    after: `
;
SELECT txid_current() = :podway_transaction AS podway_whole \\gset
\\if :podway_whole
\\else
\\echo podway-sql committed
SELECT 1 / 0 AS "the script has ended its transaction";
\\endif
${step.direction === 'up' ? insert(table, 'applied', step) : `DELETE FROM ${table} ${where(step)};`}
COMMIT;
`,
  };
}

/** Statements that define data commit by themselves: what was begun is told by a row that they commit with them. */
function mariadb(step: SchemaStep): SqlTexts {
  const table = `\`${step.database}\`.podway_schema`;
  const begun =
    step.direction === 'up'
      ? insert(table, 'begun', step)
      : `UPDATE ${table} SET state = 'begun' ${where(step)};`;
  const done =
    step.direction === 'up'
      ? `UPDATE ${table} SET state = 'applied' ${where(step)};`
      : `DELETE FROM ${table} ${where(step)};`;
  return {
    look: newest('podway_schema', "concat(version, ' ', script, ' ', state)", step),
    before: `SET autocommit = 0;
${begun}
`,
    // Ends a statement that has no end; then a delimiter of the script's own is done with.
    after: `
;
DELIMITER ;
${done}
COMMIT;
`,
  };
}

/** MariaDB's client knows no conditions. */
export const mariadbThere = `SELECT 1 FROM information_schema.tables
WHERE table_schema = database() AND table_name = 'podway_schema';
`;

/** Made by itself in MariaDB, where that commits. */
export const mariadbTable = `CREATE TABLE IF NOT EXISTS podway_schema (name varchar(63), version varchar(60),
  position integer NOT NULL, script varchar(64) NOT NULL, state varchar(10) NOT NULL, deployment varchar(26) NOT NULL,
  at timestamp NOT NULL DEFAULT current_timestamp, PRIMARY KEY (name, version)) ENGINE = InnoDB;
`;

export const sqlTexts: Record<SqlEngine, (step: SchemaStep) => SqlTexts> = { postgresql, mariadb };

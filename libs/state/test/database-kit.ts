import type { StatePart } from '@podway/contracts';
import { mariadb, postgresql, SOCKETS, type DatabaseProduct } from './database-server.js';
import type { PartUnderTest } from './part-contract.js';
import type { TreeServer } from './tree-server.js';

export const engines = [
  { engine: 'postgresql', start: postgresql },
  { engine: 'mariadb', start: mariadb },
] as const;
export type Engine = (typeof engines)[number]['engine'];

const postgresqlVersions = {
  old: `CREATE TABLE versions (version int); INSERT INTO versions VALUES (1);
    CREATE TABLE orders (id serial PRIMARY KEY, what text, at timestamptz DEFAULT '2026-01-01 12:00+01', price numeric, raw bytea);
    INSERT INTO orders (what, price, raw) SELECT 'thing ' || n, n / 3.0, decode('00ff', 'hex') FROM generate_series(1, 50) n;
    UPDATE orders SET what = E'a\\tb\\nc\\\\ "''' WHERE id = 7; DELETE FROM orders WHERE id = 9; UPDATE orders SET what = NULL WHERE id = 3;
    CREATE VIEW dear AS SELECT * FROM orders WHERE price > 10; GRANT SELECT ON orders TO reader;
    SELECT lo_from_bytea(4711, 'large');`,
  new: `CREATE TABLE versions (version int); INSERT INTO versions VALUES (2);
    CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE SCHEMA extra; CREATE TABLE extra."odd ""name" (t int, "t t" mood);
    INSERT INTO extra."odd ""name" VALUES (1, 'bad'), (1, 'bad');
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT n * 2 -- twice
    $$; ALTER DATABASE shop SET search_path = public, extra; REVOKE CONNECT ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO reader;
    CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM versions;`,
  other: `CREATE TABLE versions (version int, note text); INSERT INTO versions VALUES (3, 'other');`,
};

const mariadbVersions = {
  old: `CREATE TABLE versions (version int); INSERT INTO versions VALUES (1);
    CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, what text, at timestamp DEFAULT '2026-01-01 12:00:00', price decimal(10,3), raw blob, f double);
    INSERT INTO orders (what, price, raw, f) SELECT CONCAT('thing ', seq), seq / 3, x'00ff', seq / 7 FROM seq_1_to_50;
    UPDATE orders SET what = 'a\\tb\\nc\\\\ "''' WHERE id = 7; DELETE FROM orders WHERE id = 9; UPDATE orders SET what = NULL WHERE id = 3;
    CREATE VIEW dear AS SELECT * FROM orders WHERE price > 10;`,
  new: `CREATE TABLE versions (version int); INSERT INTO versions VALUES (2);
    CREATE TABLE \`odd \`\`name\` (t int, \`t t\` enum('good','bad')) ENGINE=MyISAM; INSERT INTO \`odd \`\`name\` VALUES (1, 'bad'), (1, 'bad');
    CREATE TABLE line (id int PRIMARY KEY, n int, CONSTRAINT up FOREIGN KEY (n) REFERENCES line (id)); INSERT INTO line VALUES (1, 1);
    CREATE SEQUENCE numbers START WITH 5; SELECT NEXTVAL(numbers);
    CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN n * 2;
    CREATE TRIGGER onward BEFORE INSERT ON line FOR EACH ROW SET NEW.n = NEW.id;
    CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' DISABLE DO DELETE FROM versions WHERE version < 0;
    ALTER DATABASE shop CHARACTER SET latin1;`,
  other: `CREATE TABLE versions (version int, note text); INSERT INTO versions VALUES (3, 'other');`,
};

const versions = { postgresql: postgresqlVersions, mariadb: mariadbVersions };
const fresh = {
  postgresql: [
    'DROP DATABASE IF EXISTS shop WITH (FORCE)',
    'DROP ROLE IF EXISTS reader',
    'CREATE ROLE reader',
    'CREATE DATABASE shop TEMPLATE template0',
  ],
  mariadb: ['DROP DATABASE IF EXISTS shop', 'CREATE DATABASE shop CHARACTER SET utf8mb4'],
};

/** The server's database `shop`, new, with what the script makes. */
export function makeShop(product: DatabaseProduct, engine: Engine, server: TreeServer, script: string): void {
  for (const statement of fresh[engine]) product.sql(server, statement);
  product.sql(server, script, 'shop');
}

/** The database `shop` of each server. */
export function shopPart(
  product: DatabaseProduct,
  engine: Engine,
  more: Partial<StatePart> = {},
): PartUnderTest {
  return {
    part: {
      ...{ name: 'shop', driver: 'database', engine, database: 'shop' },
      socket: engine === 'mariadb' ? `${product.sockets}/mariadb.sock` : product.sockets,
      ...more,
    },
    server: { mounts: { [product.sockets]: SOCKETS } },
    heals: false,
    async become(server, version) {
      await product.start(server);
      makeShop(product, engine, server, versions[engine][version]);
    },
    look: (server) => Promise.resolve(product.dump(server, 'shop')),
    end: (server) => Promise.resolve(product.end(server)),
  };
}

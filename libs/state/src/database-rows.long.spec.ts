import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '@podway/testing/ssh-servers';
import { engines, makeShop, shopPart, type Engine } from '../test/database-kit.js';
import { postgresql, SOCKETS, type DatabaseProduct } from '../test/database-server.js';
import { alone, podScene } from '../test/pod-scene.js';
import { treeServer } from '../test/tree-server.js';

const types: Record<Engine, readonly string[]> = {
  postgresql: [
    'text',
    'bigint',
    'double precision',
    'numeric(20,5)',
    'bytea',
    'boolean',
    'timestamptz',
    'jsonb',
  ],
  mariadb: ['text', 'bigint', 'double', 'decimal(20,5)', 'blob', 'boolean', 'datetime(6)', 'json'],
};
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
/** Literals of the types, in their order. */
const literals = (engine: Engine) => [
  fc
    .string({ unit: 'binary', maxLength: 20 })
    .filter((text) => !text.includes('\0') && !/[\ud800-\udfff]/u.test(text))
    .map((text) => (engine === 'postgresql' ? `E${quoted(text)}` : quoted(text))),
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }).map(String),
  fc.integer().map((n) => String(n / 1000)),
  fc
    .uint8Array({ maxLength: 20 })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .map((hex) => (engine === 'postgresql' ? `'\\x${hex}'` : `x'${hex}'`)),
  fc.boolean().map(String),
  fc
    .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => quoted(date.toISOString().replace('T', ' ').replace('Z', ''))),
  fc.json({ maxDepth: 2, stringUnit: 'grapheme-ascii' }).map((text) => {
    return engine === 'postgresql' ? `E${quoted(text)}` : quoted(text);
  }),
];
/** A script of a whole database: tables of any columns, with rows that may be there twice. */
function anyDatabase(engine: Engine) {
  const column = fc.nat(types[engine].length - 1);
  const table = fc.array(column, { minLength: 1, maxLength: 6 }).chain((columns) => {
    const values = columns.map((at) =>
      fc.option(literals(engine)[at] ?? fc.constant('NULL'), { nil: 'NULL' }),
    );
    return fc.array(fc.tuple(...values), { maxLength: 12 }).map((rows) => ({ columns, rows }));
  });
  return fc.array(table, { minLength: 1, maxLength: 4 }).map((tables) =>
    tables
      .map(({ columns, rows }, n) => {
        const list = columns.map((at, i) => `c${i} ${types[engine][at]}`).join(', ');
        const lines = [...rows, ...rows.slice(0, 2)].map(
          (row) => `INSERT INTO t${n} VALUES (${row.join(', ')});`,
        );
        return `CREATE TABLE t${n} (${list});\n${lines.join('\n')}`;
      })
      .join('\n'),
  );
}

describe.each(engines)('$engine: rows', ({ engine, start }) => {
  let product: DatabaseProduct;
  beforeAll(() => {
    product = start();
  });
  afterAll(() => product.remove());
  const pod = podScene(() => shopPart(product, engine, { compare: 'all' }));

  it('of any schema are put back as they were, and reach the other server', async () => {
    let token = 0;
    await fc.assert(
      fc.asyncProperty(anyDatabase(engine), anyDatabase(engine), async (before, after) => {
        token++;
        for (const server of [pod.canary, pod.other]) makeShop(product, engine, server, before);
        const was = await pod.look(pod.canary);
        const update = await pod.install(token, () => makeShop(product, engine, pod.canary, after));
        const became = await pod.look(pod.canary);
        await pod.replicate(update);
        expect(await pod.look(pod.other)).toBe(became);
        for (const server of [pod.other, pod.canary]) {
          await pod.driver.restore(server, update.ctx, {
            ...update.snapshot,
            discard: update.release.treeId,
          });
          expect(await pod.look(server)).toBe(was);
        }
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('have no order of their own: the same ones are the same state, one more or less is another', async () => {
    const fingerprint = async (script: string) => {
      makeShop(product, engine, pod.canary, `CREATE TABLE t (a int, b text); ${script}`);
      return (await pod.driver.fingerprint(pod.canary, undefined, { deep: true })).fingerprint;
    };
    const [one, two] = [`INSERT INTO t VALUES (1, 'x');`, `INSERT INTO t VALUES (2, NULL);`];
    const first = await fingerprint(one + two + two);
    expect(await fingerprint(two + one + two)).toBe(first);
    const others = [
      one + two,
      one + one + two,
      one + two + two + two,
      one + two + `INSERT INTO t VALUES (2, '');`,
    ];
    const different = [];
    for (const script of others) different.push(await fingerprint(script));
    expect(new Set([first, ...different]).size).toBe(others.length + 1);
  });

  it('are seen to change at once, and a quick look tells the same as a deep one', async () => {
    const look = async (deep: boolean) => {
      return (await pod.driver.fingerprint(pod.canary, undefined, { deep })).fingerprint;
    };
    const was = await look(false);
    expect(await look(false)).toBe(was);
    product.sql(pod.canary, `UPDATE orders SET price = 7 WHERE id = 1`, 'shop');
    const now = await look(false);
    expect(now).not.toBe(was);
    expect(await look(true)).toBe(now);
  });
});

describe.each(engines)('$engine: connections', ({ engine, start }) => {
  let product: DatabaseProduct;
  beforeAll(() => {
    product = start();
  });
  afterAll(() => product.remove());

  it('takes the password from a file, and tells it to nobody', async () => {
    const server = await treeServer();
    try {
      const password = `p'a"s\\s:w ö`;
      const tcpPort = await freePort();
      await product.start(server, { tcpPort });
      const literal = password.replaceAll("'", "''");
      product.sql(
        server,
        engine === 'postgresql'
          ? `CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '${literal}'`
          : `CREATE USER keeper@'127.0.0.1' IDENTIFIED BY '${literal.replaceAll('\\', '\\\\')}'; GRANT ALL ON *.* TO keeper@'127.0.0.1' WITH GRANT OPTION`,
      );
      makeShop(product, engine, server, 'CREATE TABLE t (a int)');
      const passwordFile = join(server.folder, 'password');
      writeFileSync(passwordFile, `${password}\n`);
      chmodSync(passwordFile, 0o600);
      const { part } = shopPart(product, engine);
      const tcp = {
        ...part,
        socket: undefined,
        host: '127.0.0.1',
        port: tcpPort,
        user: 'keeper',
        passwordFile,
      };
      const target = { ...server, state: { ...server.state, parts: [tcp] } };
      const scene = alone(target);
      await scene.prepare();
      const was = product.dump(server, 'shop');
      const snapshot = await scene.snapshot();
      product.sql(server, 'INSERT INTO t VALUES (1)', 'shop');
      expect(await scene.restore(snapshot)).toEqual({ changed: true });
      expect(product.dump(server, 'shop')).toBe(was);
      writeFileSync(passwordFile, 'secret-and-wrong\n');
      const refused = await scene.fingerprint().catch((error: unknown) => error as Error);
      expect(refused).toMatchObject({ code: 'STATE.PART_FAILED' });
      expect(JSON.stringify(refused) + String(refused)).not.toContain('secret-and-wrong');
    } finally {
      product.end(server);
      server.remove();
    }
  });
});

describe('postgresql: sessions', () => {
  const product = postgresql();
  afterAll(() => product.remove());

  it('of others end at the swap, however fast they come back', async () => {
    const server = await treeServer({}, { mounts: { [product.sockets]: SOCKETS } });
    const clients: ReturnType<typeof spawn>[] = [];
    try {
      await product.start(server);
      makeShop(product, 'postgresql', server, 'CREATE TABLE t (a int)');
      const target = { ...server, state: { ...server.state, parts: [shopPart(product, 'postgresql').part] } };
      const scene = alone(target);
      await scene.prepare();
      const snapshot = await scene.snapshot();
      product.sql(server, 'INSERT INTO t VALUES (1)', 'shop');
      const again = 'while :; do psql -h "$0" -XAtqc "SELECT pg_sleep(60)" shop; done';
      for (let n = 0; n < 4; n++) {
        const argv = ['-u', 'postgres', '--', 'sh', '-c', again, join(server.folder, SOCKETS)];
        clients.push(spawn('runuser', argv, { stdio: 'ignore', detached: true }));
      }
      const sessions = `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'`;
      await expect.poll(() => product.sql(server, sessions).trim(), { timeout: 20_000 }).toBe('4');
      expect(await scene.restore(snapshot)).toEqual({ changed: true });
      expect(product.sql(server, 'SELECT count(*) FROM t', 'shop').trim()).toBe('0');
      const names = product.sql(server, `SELECT datname FROM pg_database WHERE datname LIKE 'shop%'`).trim();
      expect(names).toBe('shop');
    } finally {
      for (const { pid } of clients) if (pid) process.kill(-pid, 'SIGKILL');
      product.end(server);
      server.remove();
    }
  });
});

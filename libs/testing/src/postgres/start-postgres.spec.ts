import { connect } from 'node:net';
import { connectDatabase } from '@podway/persistence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from './start-postgres.js';

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('startPostgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  it('gives every caller a database of its own', async () => {
    const first = await postgres.createDatabase();
    const second = await postgres.createDatabase();
    expect(first).toContain(`127.0.0.1:${postgres.port}/test_`);
    expect(first).not.toBe(second);
  });

  it('is down after a kill, and back on its port after a start', async () => {
    const url = postgres.url();
    await postgres.kill();
    expect(await accepts(postgres.port)).toBe(false);
    await postgres.start();
    expect(await accepts(postgres.port)).toBe(true);
    expect(postgres.url()).toBe(url);
  });

  it('answers nothing on an open connection after a kill', async () => {
    const database = await connectDatabase({ url: postgres.url(), poolSize: 20 });
    const asked = (): Promise<unknown>[] =>
      Array.from({ length: 20 }, () => database.query('select pg_sleep(0.01)'));
    await Promise.all(asked());
    await postgres.kill();
    try {
      const answers = await Promise.allSettled(asked());
      expect(answers.map(({ status }) => status)).not.toContain('fulfilled');
    } finally {
      await postgres.start();
      await database.destroy();
    }
  });

  it('restarts', async () => {
    await postgres.restart();
    expect(await accepts(postgres.port)).toBe(true);
  });
});

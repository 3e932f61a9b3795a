import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { connectDatabase, migrate } from '../data-source.js';
import { Releases1790000060000 } from './1790000060000-releases.js';
import { Drift1790000061000 } from './1790000061000-drift.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

it('leaves releases and what is known of servers as they were, there and back', async () => {
  const dataSource = await connectDatabase({ url: await postgres.createDatabase(), poolSize: 2 });
  const runner = dataSource.createQueryRunner();
  const [releases, drift] = [new Releases1790000060000(), new Drift1790000061000()];
  const rows = (): Promise<unknown> =>
    runner.query(
      `select r.number, s.server, s.quarantined from coordinator.releases r join coordinator.server_status s using (pod)`,
    );
  const known = [{ number: 3, server: 'web1', quarantined: true }];
  try {
    await migrate(dataSource);
    await drift.down(runner);
    await releases.down(runner);
    await runner.query(`
      insert into coordinator.releases (pod, number, tree_id, fingerprint, deployment_id, publisher, created_at)
        values ('shop', 3, 'T', 'f', 'D', 'k', now());
      insert into coordinator.server_status (pod, server, quarantined, updated_at) values ('shop', 'web1', true, now());`);
    await releases.up(runner);
    await drift.up(runner);
    expect(await rows()).toEqual(known);
    await runner.query(`update coordinator.releases set reason = 'x', changes = '{}'`);
    await runner.query(`update coordinator.server_status set finding = 'drifted', drifted_since = now()`);
    await drift.down(runner);
    await releases.down(runner);
    expect(await rows()).toEqual(known);
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
});

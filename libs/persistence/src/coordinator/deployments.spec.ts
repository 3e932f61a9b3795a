import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { DeploymentReader } from './deployments.js';

describe('DeploymentReader.lastCanary', () => {
  const db = useDatabase();
  let reader: DeploymentReader;
  beforeEach(() => {
    reader = new DeploymentReader(db.dataSource);
  });

  async function deployment(id: string, pod: string, data: object): Promise<void> {
    await db.dataSource.query(
      `insert into coordinator.deployments
         (id, update_id, client, pod, state, data, leased, version, traceparent, submitted_at, updated_at)
       values ($1, $1, 'acme', $2, 'Failed', $3, false, 1, '', now(), now())`,
      [id, pod, JSON.stringify(data)],
    );
  }

  it('is that of the newest deployment of the POD that had one, this one not counted', async () => {
    expect(await reader.lastCanary('shop', '04')).toBeUndefined();
    await deployment('01', 'shop', { canary: 'web1' });
    await deployment('02', 'shop', { canary: 'web2' });
    await deployment('03', 'shop', {});
    await deployment('04', 'shop', { canary: 'web4' });
    await deployment('05', 'blog', { canary: 'web5' });
    expect(await reader.lastCanary('shop', '04')).toBe('web2');
    expect(await reader.lastCanary('shop', '06')).toBe('web4');
  });
});

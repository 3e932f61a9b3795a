import { readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentState, PodSpec } from '@podway/contracts';
import type { DebianPostgres } from '@podway/testing/postgres';
import { site, writeBundle, type BundleParts } from '../bundles.js';
import { eventually } from '../eventually.js';
import type { Place } from './place.js';

/** What `podway publish` ends with, as the pages say. */
const exitCodes = { Succeeded: 0, RollbackFailed: 6 } as const;

/** A test that no server passes. */
const checks: BundleParts['checks'] = [{ probe: 'http', path: '/missing', tries: 1 }];

/** State of POD `orders`: its site, and a database. */
export function withOrders({ port }: DebianPostgres): PodSpec['state'] {
  const database = { driver: 'database', engine: 'postgresql', database: 'orders' } as const;
  const part = { name: 'orders', ...database, host: '127.0.0.1', port, content: ['versions'] };
  return { driver: 'tree', keep: 20, parts: [part] };
}

/** Brings deployments of POD `press` and POD `orders`, of one server each, into RollbackFailed. */
export class FailedRollBacks {
  private count = 0;

  constructor(
    private readonly place: Place,
    private readonly database: DebianPostgres,
    /** Of the server of `press`. */
    private readonly path: string,
  ) {}

  /** Somebody damages the release to go back to, during the update; when it has failed, an operator mends it. */
  async damaged(): Promise<string> {
    await this.publish('press', {}, 'Succeeded');
    const page = join(this.path, await readlink(join(this.path, 'current')), 'index.html');
    const damage = `#!/bin/sh\nprintf damaged >'${page}'\n`;
    const id = await this.publish('press', { ...script(damage), checks }, 'RollbackFailed');
    await writeFile(page, site(String(this.count - 1))['index.html'] ?? '');
    return id;
  }

  /** The update writes into a database that users write into, too. */
  async withWrites(): Promise<string> {
    const psql = `psql -h 127.0.0.1 -p ${this.database.port} -U postgres -v ON_ERROR_STOP=1 -qc`;
    const versions = `create table if not exists versions (version int)`;
    const change = (version: number): Partial<BundleParts> =>
      script(`#!/bin/sh\n${psql} '${versions}; insert into versions values (${version})' orders\n`);
    await this.publish('orders', change(1), 'Succeeded');
    const id = await this.publish('orders', { ...change(2), checks }, 'RollbackFailed');
    const { rollbackFailure } = await (await this.place.admin()).deployment(id).get();
    if (rollbackFailure?.code !== 'STATE.LOSS_WINDOW')
      throw new Error(`It failed in another way: ${JSON.stringify(rollbackFailure)}`);
    return id;
  }

  /** What the page says that a retry comes to. */
  async isRolledBack(id: string): Promise<void> {
    await this.reaches(id, 'RolledBack');
  }

  private async publish(
    pod: string,
    parts: Partial<BundleParts>,
    state: keyof typeof exitCodes,
  ): Promise<string> {
    this.count += 1;
    const version = String(this.count);
    const folder = join(this.place.folder, `${pod}-${version}`);
    await writeBundle(folder, { version, files: site(version), ...parts });
    const admin = await this.place.admin();
    const { key } = await admin.createKey({ client: 'acme', role: 'publisher' });
    const shell = await this.place.shell();
    const { code, output } = await shell.run(`PODWAY_KEY=${key} podway publish '${folder}' --pod ${pod}`);
    const [newest] = await admin.deployments({ pod });
    if (newest?.state !== state || code !== exitCodes[state])
      throw new Error(`Ended in ${newest?.state} with exit code ${code}: ${output}`);
    return newest.id;
  }

  private async reaches(id: string, state: DeploymentState): Promise<void> {
    const admin = await this.place.admin();
    await eventually(`${id} in ${state}`, async () => (await admin.deployment(id).get()).state === state, {
      timeoutMs: 240_000,
    });
  }
}

function script(text: string): Partial<BundleParts> {
  return {
    components: [{ name: 'script', installer: 'script', run: ['./script.sh'] }],
    scripts: { 'script.sh': text },
  };
}

import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { treeHash } from './support/observer.js';
import { Scene } from './support/scene.js';
import { messageOf, ReleaseReplicated } from '@podway/contracts';
import { Podway } from '@podway/sdk';

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));

/** Files and folders of installed npm packages, until there are enough files. */
async function copyPackages(target: string, atLeast: number): Promise<number> {
  let files = 0;
  for (const name of [
    'typescript',
    'rxjs',
    'typeorm',
    'fast-check',
    'undici',
    '@nestjs',
    'class-validator',
    '@typescript-eslint',
    'eslint',
    'nx',
  ]) {
    await cp(join(modules, name), join(target, name), { recursive: true, dereference: true });
    files = (await readdir(target, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    ).length;
    if (files >= atLeast) return files;
  }
  return files;
}

/** A tree as people have them: thousands of real files. */
describe('a large tree', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  async function bytesSent(id: string, key: string): Promise<number> {
    const client = new Podway({ url: scene.fleet.apiUrl, key });
    const { type } = messageOf(ReleaseReplicated);
    for await (const event of client.deployment(id).events({ types: [type] })) {
      return (event.data as ReleaseReplicated).bytesSent;
    }
    throw new Error('No replication was told');
  }

  it('is published, changed and published again; what is sent follows what changed', async () => {
    const pod = await scene.pod({ servers: 3 });
    const bundle = await pod.bundle('1');
    expect(await copyPackages(join(bundle, 'site', 'packages'), 5_000)).toBeGreaterThanOrEqual(5_000);
    const first = await pod.publisher.publish(bundle, pod.name);
    const view = await pod.ended(first);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(first);

    const packages = join(bundle, 'site', 'packages');
    await writeFile(join(packages, 'typescript', 'README.md'), 'changed\n');
    await writeFile(join(packages, 'new file with a space.txt'), 'added\n');
    await rm(join(packages, 'rxjs', 'LICENSE.txt'));
    const second = await pod.publisher.publish(bundle, pod.name);
    expect(await pod.ended(second)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(second);

    const [all, changed] = [
      await bytesSent(first, pod.publisher.key),
      await bytesSent(second, pod.publisher.key),
    ];
    expect(all).toBeGreaterThan(5_000_000);
    expect(changed).toBeLessThan(all / 50);

    // What the servers hold is what was published: compared by the bytes, not by Podway's own fingerprints.
    const published = await treeHash(packages);
    const served = await treeHash(join(pod.server(2).path, 'current', 'packages'));
    expect(served).toBe(published);
  });
});

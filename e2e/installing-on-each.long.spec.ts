import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogPage } from '@podway/contracts';
import { Visitors } from '../apps/podway/src/demo/visitors.js';
import type { BundleParts } from './support/bundles.js';
import { eventually } from './support/eventually.js';
import { Scene, type Pod } from './support/scene.js';

/** PODs whose servers all run the installers: `policy.promotion: install`. */
describe('installing on each server', () => {
  let scene: Scene;
  let journal: string;
  let journals = 0;
  beforeAll(async () => {
    scene = await Scene.open();
  });
  beforeEach(async () => {
    journal = join(scene.folder, `journal-${++journals}`);
    await writeFile(journal, '');
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  const open = (): Promise<Pod> => scene.pod({ policy: { canary: 'first', promotion: 'install' } });

  /** Writes down where it ran, and makes a page. */
  function page(text: string, more = ''): Partial<BundleParts> {
    const script = `#!/bin/sh
set -e
echo "$PODWAY_SERVER $PODWAY_DEPLOYMENT_ID" >>${journal}
${more}
echo "${text}" >"$PODWAY_RELEASE_DIR/made.txt"
echo "made ${text}"
`;
    return {
      components: [{ name: 'page', installer: 'script', run: ['./make.sh'] }],
      scripts: { 'make.sh': script },
    };
  }

  const lines = async (id: string): Promise<string[]> =>
    (await readFile(journal, 'utf8'))
      .split('\n')
      .filter((line) => line.endsWith(id))
      .map((line) => line.split(' ')[0] ?? '')
      .toSorted();
  /** What the log has of a component, by server. */
  async function logged(pod: Pod, id: string, component: string): Promise<string[]> {
    const found = await pod.publisher.call<LogPage>('GET', `/v1/deployments/${id}/logs`);
    const of = found.lines.filter(({ part }) => part === component);
    return names(pod).flatMap((name) =>
      of.filter(({ server }) => server === name).map(({ server, text }) => `${server}: ${text}`),
    );
  }

  const names = (pod: Pod): string[] => pod.servers.map(({ name }) => name);

  it('runs the installer once on each server, the canary first; visitors see one release at a time', async () => {
    const pod = await open();
    const first = await pod.serves('1', page('one'));
    await pod.settledOn(first);
    const visitors = new Visitors({
      url: scene.fleet.accessUrl,
      host: `${pod.name}.test`,
      paths: ['/', '/made.txt'],
      count: 2,
      brokenText: 'Fatal error',
    });
    const second = await pod.serves('2', page('two'));
    const { failed, total } = await visitors.stop();
    expect(failed, visitors.problems.join('\n')).toBe(0);
    expect(total).toBeGreaterThan(0);
    await pod.settledOn(second);
    expect(await lines(first)).toEqual(names(pod));
    expect(await lines(second)).toEqual(names(pod));
    expect((await readFile(journal, 'utf8')).split('\n')[3]).toBe(`${names(pod)[0]} ${second}`);
    expect((await pod.visit('/made.txt')).text).toBe('two\n');
    expect(await logged(pod, second, 'page')).toEqual(
      names(pod).flatMap((name) => [
        `${name}: installing page`,
        `${name}: made two`,
        `${name}: installed page`,
      ]),
    );
    // What is kept is gone back to by its switch alone.
    const back = await pod.ended(await pod.publisher.goBack(pod.name, 1));
    expect(back, JSON.stringify(back.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(first);
    expect((await readFile(journal, 'utf8')).trim().split('\n')).toHaveLength(6);
  });

  it.each([
    ['whose installer fails', 'exit 3', 'INSTALL.SCRIPT_FAILED'],
    ['that comes to another state', 'echo other >"$PODWAY_RELEASE_DIR/more.txt"', 'INSTALL.NOT_THE_SAME'],
  ])('puts all servers back because of one %s', async (_, more, code) => {
    const pod = await open();
    const good = await pod.serves('1', page('one'));
    const [, , bad] = names(pod);
    const failing = await pod.publish('2', page('two', `if [ "$PODWAY_SERVER" = ${bad} ]; then ${more}; fi`));
    const view = await pod.ended(failing);
    expect(view).toMatchObject({ state: 'RolledBack', failure: { step: 'Replicating', code, server: bad } });
    await pod.settledOn(good);
    expect(await lines(failing)).toEqual(names(pod));
    expect((await pod.visit('/made.txt')).text).toBe('one\n');
    await pod.settledOn(await pod.serves('3', page('three')));
  });

  it('kill -9 of the installer agent while installers run on the others: none runs twice', async () => {
    const pod = await open();
    await pod.serves('1', page('one'));
    const gate = join(scene.folder, `gate-${journals}`);
    const [canary, ...others] = names(pod);
    const wait = `if [ "$PODWAY_SERVER" != ${canary} ]; then until [ -e ${gate} ]; do sleep 0.1; done; fi`;
    const second = await pod.publish('2', page('two', wait));
    await eventually('the others at work', async () => (await lines(second)).length === 1 + others.length);
    const [agent] = scene.fleet.of('installer-agent');
    await agent!.end('SIGKILL');
    await writeFile(gate, '');
    await agent!.start();
    const view = await pod.ended(second);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    await pod.settledOn(second);
    expect(await lines(second)).toEqual(names(pod));
  });
});

import { describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { AbortRequested, envelop, VerificationFailed, type PodCommand } from '@podway/contracts';
import { routed } from '@podway/messaging';
import { EventFeed } from '@podway/persistence';
import { answer, good, TREE, useCoordinator } from '../test/coordinator-scene.js';

describe('saga-coordinator', () => {
  const scene = useCoordinator();
  const { submit, tell, ends, commanded } = scene;

  it('takes an update through every step and records a release', async () => {
    const id = await submit();
    await ends(id, 'Succeeded');
    expect(scene.commands.map((command) => command.step)).toEqual([
      'Authenticating',
      'Resolving',
      'SelectingCanary',
      'Snapshotting',
      'Installing',
      'Verifying',
      'Replicating',
      'Confirming',
    ]);
    const tokens = scene.commands.slice(2).map((command) => (command as PodCommand).fencingToken);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(tokens.length);
    const [release] = await scene.reader.releases('shop');
    expect(release).toMatchObject({ treeId: id, fingerprint: TREE, deploymentId: id });
  });

  it('tells all that happened, in order and without gaps', async () => {
    const id = await submit();
    await ends(id, 'Succeeded');
    const feed = new EventFeed(scene.database, scene.url);
    await expect
      .poll(async () => (await feed.after(0, { deploymentId: id })).at(-1)?.data, { timeout: 5_000 })
      .toMatchObject({ to: 'Succeeded' });
    const all = (await feed.after(0, {})).map((event) => Number(event.sequence));
    expect(all).toEqual(all.map((_, index) => index + 1));
    const own = await feed.after(0, { deploymentId: id });
    expect(own.map((event) => event.type.split('.').slice(2, 4).join('.'))).toEqual([
      ...['update.submitted', 'deployment.changed'],
      ...['update.authenticated', 'deployment.changed'],
      ...['pod.resolved', 'deployment.changed', 'deployment.changed'],
      ...['canary.selected', 'deployment.changed'],
      ...['snapshot.taken', 'deployment.changed'],
      ...['update.installed', 'deployment.changed'],
      ...['verification.passed', 'deployment.changed'],
      ...['release.replicated', 'deployment.changed'],
      ...['pod.confirmed', 'deployment.changed'],
    ]);
    expect(new Set(own.map((event) => event.subject))).toEqual(new Set(['acme/shop']));
  });

  it('rolls back when the verification fails, and records no release', async () => {
    const before = await scene.reader.releases('shop');
    scene.workers.Verifying = answer(VerificationFailed, {
      code: 'VERIFICATION.FAILED',
      detail: 'no',
      evidence: [],
    });
    const id = await submit();
    await ends(id, 'RolledBack');
    expect(scene.commands.map((command) => command.step)).not.toContain('Replicating');
    expect(await scene.reader.releases('shop')).toHaveLength(before.length);
  });

  it('tries a silent step again, then rolls back', async () => {
    scene.workers.Verifying = () => undefined;
    const id = await submit();
    await ends(id, 'RolledBack');
    const attempts = scene.commands
      .filter((command) => command.step === 'Verifying')
      .map((command) => command.attempt);
    expect(attempts).toEqual([1, 2]);
    expect((await scene.reader.byId(id))?.data).toMatchObject({ failure: { code: 'STEP.TIMED_OUT' } });
  });

  it('gives a POD to one deployment at a time, first in first out', async () => {
    scene.workers.Installing = () => undefined;
    const first = await submit();
    const install = await commanded(first, 'Installing');
    const rest = [await submit(), await submit(), await submit()];
    for (const id of rest) await ends(id, 'Queued');
    scene.workers = { ...good };
    await tell(good.Installing(install)!);
    for (const id of [first, ...rest]) await ends(id, 'Succeeded');
    const order = scene.commands
      .filter((command) => command.step === 'Confirming')
      .map((command) => command.deploymentId);
    expect(order).toEqual([first, ...rest]);
  });

  it('takes each message once, however often it comes', async () => {
    scene.workers.Installing = () => undefined;
    const id = await submit();
    const outcome = good.Installing(await commanded(id, 'Installing'))!;
    const message = routed(envelop(outcome, { source: 'test' }));
    for (let times = 0; times < 5; times += 1) await scene.broker.publish(message);
    for (let times = 0; times < 5; times += 1) await tell(outcome);
    await ends(id, 'Succeeded');
    expect(scene.commands.filter((one) => one.step === 'Verifying')).toHaveLength(1);
  });

  it('aborts: a waiting update at once, an installed one by a roll-back', async () => {
    scene.workers.Replicating = () => undefined;
    const first = await submit();
    await ends(first, 'Replicating');
    const second = await submit();
    await ends(second, 'Queued');
    await tell(Object.assign(new AbortRequested(), { deploymentId: second, by: 'k1' }));
    await ends(second, 'Aborted');
    await tell(
      Object.assign(new AbortRequested(), { deploymentId: first, by: 'k1', reason: 'wrong prices' }),
    );
    await ends(first, 'Aborted');
    expect(scene.commands.some((one) => one.step === 'RollingBack' && one.deploymentId === first)).toBe(true);
  });

  it('begins an accepted update whose message was lost', async () => {
    const id = ulid();
    await scene.database.query(
      `insert into ingress.updates (id, deployment_id, client, key_id, pod, source, request_digest, created_at)
       values ($1, $2, 'acme', 'k1', 'shop', $3, 'x', now() - interval '2 minutes')`,
      [ulid(), id, JSON.stringify({ kind: 'artifact', artifact: 'a'.repeat(64) })],
    );
    await ends(id, 'Succeeded');
  });
});

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ulid } from 'ulid';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Envelope, UpdateAccepted, UpdateRefused } from '@podway/contracts';
import { ClientSystem } from '@podway/messaging/testing/client-system';
import { connectDatabase, type Database } from '@podway/persistence';
import { packed } from './support/api.js';
import { Scene, type Pod } from './support/scene.js';

const run = promisify(execFile);
type Answer = Envelope<UpdateAccepted & UpdateRefused>;

/** An operator makes a broker user by the command line, and a client's program publishes as that user. */
describe('updates over AMQP', () => {
  let scene: Scene;
  let database: Database;
  const systems: ClientSystem[] = [];
  beforeAll(async () => {
    scene = await Scene.open({ env: { PODWAY_AMQP_ANSWER_TIMEOUT_MS: '60000' } });
    database = await connectDatabase({ url: scene.fleet.databaseUrl, poolSize: 2 });
  });
  afterEach(async () => {
    await Promise.all(systems.splice(0).map((one) => one.close()));
    await scene.clear();
  });
  afterAll(async () => {
    await database?.destroy();
    await scene?.close();
  });

  /** `podway`, as an operator types it. */
  async function podway(...args: string[]): Promise<{ name: string; password: string }> {
    const { stdout } = await run(process.execPath, ['apps/cli/dist/main.js', ...args, '--json'], {
      env: { ...process.env, PODWAY_URL: scene.fleet.apiUrl, PODWAY_KEY: scene.fleet.adminKey },
    });
    return JSON.parse(stdout) as { name: string; password: string };
  }

  function urlOf({ name, password }: { name: string; password: string }): string {
    return `amqp://${name}:${password}@127.0.0.1:${scene.fleet.rabbit?.port}`;
  }

  async function system(client: string): Promise<ClientSystem> {
    const user = await podway('clients', 'broker-user', 'create', client);
    const made = await ClientSystem.connect(urlOf(user), client);
    systems.push(made);
    return made;
  }

  async function message(pod: Pod, id: string = ulid()): Promise<object> {
    const bundle = (await packed(await pod.bundle(id))).toString('base64');
    const attributes = { specversion: '1.0', source: '/e2e', type: 'io.podway.update.publish.v1', id };
    return { ...attributes, data: { target: { pod: pod.name }, bundle } };
  }

  const answersOf = (system: ClientSystem): Answer[] =>
    system.answers.map(({ content }) => JSON.parse(content.toString()) as Answer);

  it('the example publishes, and the POD serves it', async () => {
    const pod = await scene.pod({ servers: 1 });
    const user = await podway('clients', 'broker-user', 'create', 'acme', '--pod', pod.name);
    const file = join(scene.folder, 'example.tar.gz');
    await writeFile(file, await packed(await pod.bundle('amqp')));
    const argv = ['examples/publish-over-amqp.mjs', urlOf(user), 'acme', pod.name, file];
    const { stdout } = await run(process.execPath, argv, { timeout: 30_000 });
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.type).toBe('io.podway.update.accepted.v1');
    const view = await pod.ended(answer.data.update.deploymentId);
    expect(view, JSON.stringify(view.failure)).toMatchObject({ state: 'Succeeded' });
    expect((await pod.visit()).status).toBe(200);
  });

  it('who is revoked is out, and an accepted update of theirs is rejected by auth', async () => {
    const pod = await scene.pod({ servers: 1 });
    const acme = await system('acme');
    await acme.listen();
    const [auth] = scene.fleet.of('auth');
    auth?.pause(true);
    try {
      await acme.publish(await message(pod), { replyTo: 'podway.client.acme.replies' });
      await vi.waitFor(() => expect(acme.answers).toHaveLength(1), 10_000);
      await podway('clients', 'broker-user', 'revoke', 'acme', acme.user, '--yes');
    } finally {
      auth?.pause(false);
    }
    const { deploymentId } = answersOf(acme)[0]!.data.update;
    const view = await pod.publisher.ended(deploymentId);
    expect(view).toMatchObject({ state: 'Rejected', failure: { code: 'AUTH.KEY_INVALID' } });
    await expect(acme.publish(await message(pod))).rejects.toThrow();
  });

  it('a gateway that is killed between accept and ack: the same answer, one effect', async () => {
    const pod = await scene.pod({ servers: 1 });
    const acme = await system('acme');
    const id = ulid();
    // Takes nothing: the gateway has accepted, and waits with its ack until the answer is safe.
    const shut = await acme.queue('shut', {
      arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' },
    });
    await acme.publish(await message(pod, id), { replyTo: shut, correlationId: 'killed' });
    const rows = (): Promise<{ id: string }[]> =>
      database.query('select id from ingress.updates where idempotency_key = $1', [id]);
    await vi.waitFor(async () => expect(await rows()).toHaveLength(1), { timeout: 20_000, interval: 50 });
    await sleep(300);
    const [gateway] = scene.fleet.of('ingress-gateway');
    await gateway?.end('SIGKILL');
    await acme.remove(shut);
    await acme.listen('shut');
    await gateway?.start();
    await vi.waitFor(() => expect(acme.answers).toHaveLength(1), { timeout: 30_000, interval: 50 });
    const [before] = await rows();
    expect(answersOf(acme)).toMatchObject([
      { type: 'io.podway.update.accepted.v1', data: { replayed: true, update: { id: before?.id } } },
    ]);
    expect(await rows()).toHaveLength(1);
  });

  it('gateways killed again and again: every message is answered, and has one effect', async () => {
    const pod = await scene.pod({ servers: 1, policy: { canary: 'first', queue: { depth: 200 } } as never });
    const acme = await system('acme');
    const replyTo = await acme.listen();
    const bundle = await message(pod);
    const many = 60;
    let kills = 0;
    let sending = true;
    const killing = (async () => {
      while (sending) {
        await sleep(400);
        const [gateway] = scene.fleet.of('ingress-gateway');
        await gateway?.end('SIGKILL');
        kills += 1;
        await gateway?.start();
      }
    })();
    const ids = Array.from({ length: many }, () => ulid());
    for (const id of ids) {
      await acme.publish({ ...bundle, id }, { replyTo, correlationId: id });
      await sleep(60);
    }
    const answered = (): Set<string | undefined> => new Set(acme.answers.map((one) => one.correlationId));
    await vi.waitFor(() => expect(kills).toBeGreaterThanOrEqual(2), { timeout: 60_000, interval: 100 });
    sending = false;
    await killing;
    await vi.waitFor(() => expect(answered().size).toBe(many), { timeout: 60_000, interval: 100 });
    const rows: { key: string; id: string }[] = await database.query(
      'select idempotency_key as key, id from ingress.updates where idempotency_key = any($1)',
      [ids],
    );
    expect(rows).toHaveLength(many);
    const byKey = new Map(rows.map(({ key, id }) => [key, id]));
    for (const { correlationId, content } of acme.answers) {
      const answer = JSON.parse(content.toString()) as Answer;
      expect(answer.data.update.id).toBe(byKey.get(correlationId ?? ''));
    }
  });
});

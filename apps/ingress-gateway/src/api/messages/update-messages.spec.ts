import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientUpdatesQueue } from '@podway/messaging';
import type { ClientSystem } from '@podway/messaging/testing/client-system';
import { BrokerUsers, Clients, UpdateEntity } from '@podway/persistence';
import { bundleOf, shopBundle } from '../../../test/bundle.js';
import { answerOf, publishMessage, startClientScene, type ClientScene } from '../../../test/client-scene.js';
import { pod } from '../../../test/gateway.js';

const target = { pod: 'shop' };
const inline = async (content: string = ulid()): Promise<string> =>
  (await shopBundle(content)).toString('base64');

describe('updates over AMQP', () => {
  let scene: ClientScene;
  let acme: ClientSystem;
  let rival: ClientSystem;
  let replyTo: string;

  beforeAll(async () => {
    scene = await startClientScene({ PODWAY_AMQP_ANSWER_TIMEOUT_MS: '400' });
    await scene.gateway.apply([
      pod('shop', 'acme'),
      pod('blog', 'acme'),
      pod('full', 'acme', { policy: { queue: { depth: 1 } } } as never),
      pod('other', 'rival'),
    ]);
    acme = await scene.system('acme');
    rival = await scene.system('rival');
    replyTo = await acme.listen();
  }, 120_000);
  afterAll(() => scene?.close());

  const rows = (where: Partial<Pick<UpdateEntity, 'id' | 'idempotencyKey'>> = {}): Promise<UpdateEntity[]> =>
    scene.gateway.dataSource.manager.findBy(UpdateEntity, where as { id?: string; idempotencyKey?: string });
  const ask = (data: Record<string, unknown>, attributes?: Record<string, unknown>) =>
    scene.ask(acme, replyTo, data, attributes);

  it('takes a small bundle in the message', async () => {
    const id = ulid();
    const bundle = await shopBundle('hello');
    const answer = await ask({ target, bundle: bundle.toString('base64'), label: 'spring' }, { id });
    expect(answer).toMatchObject({
      specversion: '1.0',
      type: 'io.podway.update.accepted.v1',
      source: '/podway/ingress-gateway',
      subject: 'acme',
      data: {
        replayed: false,
        update: { client: 'acme', pod: 'shop', label: 'spring', deployments: [{ pod: 'shop' }] },
      },
    });
    const [row, ...others] = await rows({ id: answer.data.update.id });
    expect(others).toEqual([]);
    const artifact = createHash('sha256').update(bundle).digest('hex');
    expect(row).toMatchObject({
      keyId: `broker:${acme.user}`,
      idempotencyKey: id,
      source: { kind: 'artifact', artifact },
    });
    expect(await buffer(await scene.gateway.context.infrastructure.artifacts.open(artifact))).toEqual(bundle);
  });

  it('takes the target from the manifest, and several PODs', async () => {
    expect((await ask({ bundle: await inline() })).data.update.pod).toBe('shop');
    const both = await ask({
      bundle: await inline(),
      target: { pods: ['blog', 'shop'], mode: 'all-or-nothing' },
    });
    expect(both.data.update.deployments.map((one) => one.pod)).toEqual(['blog', 'shop']);
    expect(both.data.update.mode).toBe('all-or-nothing');
  });

  it('takes a bundle that was uploaded before, of its own client only', async () => {
    const bundle = await shopBundle('uploaded');
    const key = await scene.gateway.key('acme', 'publisher');
    const uploaded = await fetch(`${scene.gateway.api}/v1/updates?pod=shop`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/gzip' },
      body: new Uint8Array(bundle),
    });
    expect(uploaded.status).toBe(202);
    const artifact = createHash('sha256').update(bundle).digest('hex');
    const answer = await ask({ artifact, target });
    expect(answer.data.update).toMatchObject({ source: { kind: 'artifact', artifact }, label: 'shop 1.0.0' });
    const foreign = await scene.ask(rival, await rival.listen(), { artifact, target: { pod: 'other' } });
    const missing = await scene.ask(rival, await rival.listen(), {
      artifact: 'f'.repeat(64),
      target: { pod: 'other' },
    });
    expect(foreign.data.code).toBe('ARTIFACT.NOT_FOUND');
    expect(missing.data).toEqual({
      ...foreign.data,
      detail: foreign.data.detail.replace(artifact, 'f'.repeat(64)),
    });
  });

  it('goes back to a kept release', async () => {
    await scene.gateway.dataSource.query(
      `insert into coordinator.releases (pod, number, deployment_id, tree_id, fingerprint, publisher, created_at)
       select 'blog', n, $1 || n, $1 || n, $2, 'k', now() from generate_series(1, 2) n`,
      [ulid().slice(0, 25), 'f'.repeat(64)],
    );
    const back = await ask({ target: { pod: 'blog' }, release: 2 });
    expect(back.data.update.source).toMatchObject({ kind: 'release', release: 2 });
    const previous = await ask({ target: { pod: 'blog' }, release: 'previous' });
    expect(previous.data.update.source).toMatchObject({ kind: 'release', release: 1 });
  });

  describe('refuses for its content, and says so', () => {
    const hostile = (): Promise<Buffer> => bundleOf({ '../../etc/passwd': 'x' });
    const table: [string, () => Promise<Record<string, unknown>> | Record<string, unknown>, string][] = [
      [
        'a hostile bundle',
        async () => ({ target, bundle: (await hostile()).toString('base64') }),
        'BUNDLE.PATH_ESCAPES',
      ],
      ['what is no bundle', () => ({ target, bundle: Buffer.from('hello').toString('base64') }), 'BUNDLE.'],
      ['an empty bundle', () => ({ target, bundle: '' }), 'BUNDLE.'],
      ['a bundle that is no base64', () => ({ target, bundle: '*' }), 'INPUT.INVALID'],
      [
        'a bundle that is too large for a message',
        () => ({ target, bundle: Buffer.alloc(256 * 1024 + 1).toString('base64') }),
        'HTTP.BODY_TOO_LARGE',
      ],
      [
        'a POD that is not there',
        async () => ({ target: { pod: 'nowhere' }, bundle: await inline() }),
        'POD.NOT_FOUND',
      ],
      [
        "another client's POD",
        async () => ({ target: { pod: 'other' }, bundle: await inline() }),
        'POD.NOT_FOUND',
      ],
      [
        'a resource that is not there',
        async () => ({ target: { resource: 'x' }, bundle: await inline() }),
        'RESOURCE.NOT_FOUND',
      ],
      [
        'two targets',
        async () => ({ target: { pod: 'shop', resource: 'x' }, bundle: await inline() }),
        'UPDATE.TARGET_UNCLEAR',
      ],
      ['an artifact that is not there', () => ({ target, artifact: 'e'.repeat(64) }), 'ARTIFACT.NOT_FOUND'],
      ['no release to go back to', () => ({ target, release: 'previous' }), 'RELEASE.NONE_EARLIER'],
      ['a release that is not there', () => ({ target, release: 7 }), 'RELEASE.NOT_FOUND'],
      ['nothing', () => ({}), 'INPUT.INVALID'],
      ['two contents', async () => ({ target, bundle: await inline(), release: 1 }), 'INPUT.INVALID'],
      ['a release of no POD', () => ({ release: 1 }), 'INPUT.INVALID'],
      ['a release of a wrong form', () => ({ target, release: '1' }), 'INPUT.INVALID'],
      [
        'fields that are not known',
        () => ({ target, artifact: 'e'.repeat(64), urgent: true }),
        'INPUT.INVALID',
      ],
      ['nulls', () => ({ target: null, artifact: null, bundle: null }), 'INPUT.INVALID'],
      ['a null character', () => ({ target, artifact: 'e'.repeat(64), label: 'a\u0000b' }), 'INPUT.INVALID'],
      ['a bad key', () => ({ target, artifact: 'e'.repeat(64), idempotencyKey: 'a b' }), 'INPUT.INVALID'],
    ];
    it.each(table)('%s', async (_, data, code) => {
      const before = (await rows()).length;
      const answer = await ask(await data());
      expect(answer.type).toBe('io.podway.update.refused.v1');
      expect(answer.data.code.startsWith(code), answer.data.code).toBe(true);
      expect(answer.data.detail).not.toBe('');
      if (code === 'INPUT.INVALID' && answer.data.problems)
        expect(answer.data.problems.length).toBeGreaterThan(0);
      expect((await rows()).length).toBe(before);
    });

    it('more updates than may wait', async () => {
      const full = { pod: 'full' };
      expect((await ask({ target: full, bundle: await inline() })).data.update).toBeDefined();
      expect((await ask({ target: full, bundle: await inline() })).data.code).toBe('QUEUE.FULL');
    });

    it('a POD that the user is not for', async () => {
      const blogOnly = await scene.system('acme', ['blog']);
      const queue = await blogOnly.listen('blog-replies');
      const bundle = await inline();
      expect((await scene.ask(blogOnly, queue, { target, bundle })).data.code).toBe('POD.NOT_FOUND');
      const own = await scene.ask(blogOnly, queue, { target: { pod: 'blog' }, bundle });
      expect(own.data.update.pod).toBe('blog');
    });

    it('a user that is revoked, and one whose client is disabled', async () => {
      const users = new BrokerUsers(scene.gateway.dataSource);
      const clients = new Clients(scene.gateway.dataSource);
      const late = await scene.system('acme');
      const queue = await late.listen('late');
      await clients.change('acme', { disabled: true });
      const bundle = await inline();
      expect((await scene.ask(late, queue, { target, bundle })).data.code).toBe('AUTH.INVALID_KEY');
      await clients.change('acme', { disabled: false });
      expect((await scene.ask(late, queue, { target, bundle })).data.update).toBeDefined();
      // Still connected: what it sent before it was put out is refused all the same.
      await users.revoke(late.user);
      expect((await scene.ask(late, queue, { target, bundle })).data.code).toBe('AUTH.INVALID_KEY');
    });
  });

  describe('once and only once', () => {
    it('the same message twice has one effect and one answer', async () => {
      const id = ulid();
      const data = { target, bundle: await inline() };
      const first = await ask(data, { id });
      const second = await ask(data, { id });
      expect(second.data).toEqual({ ...first.data, replayed: true });
      expect(await rows({ idempotencyKey: id })).toHaveLength(1);
    });

    it('many at once too, over two gateways', async () => {
      const other = await scene.gateway.anotherApi();
      const data = { target, bundle: await inline(), idempotencyKey: ulid() };
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(data)));
      expect(new Set(answers.map((one) => one.data.update.id)).size).toBe(1);
      expect(answers.filter((one) => !one.data.replayed)).toHaveLength(1);
      await other.close();
    });

    it('a key with another content is refused', async () => {
      const id = ulid();
      await ask({ target, bundle: await inline() }, { id });
      const answer = await ask({ target, bundle: await inline() }, { id });
      expect(answer.data.code).toBe('IDEMPOTENCY.KEY_REUSED');
    });
  });

  describe('answers', () => {
    it.each(['podway.client.acme.nowhere', undefined])(
      'that nobody takes do not stop an update: %s',
      async (nowhere) => {
        const id = ulid();
        const message = publishMessage({ target, bundle: await inline() }, { id });
        await acme.publish(message, nowhere === undefined ? {} : { replyTo: nowhere });
        await vi.waitFor(async () => expect(await rows({ idempotencyKey: id })).toHaveLength(1), 5_000);
        expect(await scene.deadLetters()).toEqual([]);
      },
    );

    it('that a queue refuses do not stop others', async () => {
      const shut = await acme.queue('shut', { maxLength: 0, arguments: { 'x-overflow': 'reject-publish' } });
      const id = ulid();
      await acme.publish(publishMessage({ target, bundle: await inline() }, { id }), { replyTo: shut });
      expect((await ask({ target, bundle: await inline() })).data.update).toBeDefined();
      await vi.waitFor(async () => expect(await rows({ idempotencyKey: id })).toHaveLength(1), 5_000);
    });
  });

  describe('poison', () => {
    beforeEach(async () => {
      await purge();
    });
    const good = (attributes = {}) => publishMessage({ target, artifact: 'e'.repeat(64) }, attributes);
    const sent: [string, (to: ClientSystem) => Promise<void>, string][] = [
      ['what is not JSON', (to) => to.publish('{"specversion":'), 'MESSAGE.NOT_JSON'],
      ['what is not UTF-8', (to) => to.publish(Buffer.from([0xff, 0xfe, 0x00])), 'MESSAGE.NOT_JSON'],
      ['nothing at all', (to) => to.publish(''), 'MESSAGE.NOT_JSON'],
      ['a list', (to) => to.publish('[]'), 'INPUT.INVALID'],
      ['a number', (to) => to.publish('1'), 'INPUT.INVALID'],
      ['JSON that is no CloudEvent', (to) => to.publish({ hello: 'world' }), 'INPUT.INVALID'],
      ['data that is no object', (to) => to.publish({ ...good(), data: [] }), 'INPUT.INVALID'],
      ['another version of CloudEvents', (to) => to.publish(good({ specversion: '2.0' })), 'INPUT.INVALID'],
      [
        'a wrong type',
        (to) => to.publish(good({ type: 'io.podway.update.submitted.v1' })),
        'MESSAGE.UNKNOWN_TYPE',
      ],
      [
        'an unknown version',
        (to) => to.publish(good({ type: 'io.podway.update.publish.v2' })),
        'MESSAGE.UNKNOWN_TYPE',
      ],
      ['what is too large', (to) => to.publish(Buffer.alloc(600_000, 'x')), 'MESSAGE.TOO_LARGE'],
      ['no user_id', (to) => to.publish(good(), { userId: undefined }), 'MESSAGE.NO_USER'],
      [
        "somebody else's queue for the answer",
        (to) => to.publish(good(), { replyTo: 'podway.client.rival.x' }),
        'MESSAGE.FOREIGN_REPLY_TO',
      ],
      [
        'an internal queue for the answer',
        (to) => to.publish(good(), { replyTo: clientUpdatesQueue }),
        'MESSAGE.FOREIGN_REPLY_TO',
      ],
      [
        "RabbitMQ's direct reply-to, forged",
        (to) => to.publish(good(), { replyTo: 'amq.rabbitmq.reply-to.g1h2AA.nobody' }),
        'MESSAGE.FOREIGN_REPLY_TO',
      ],
      ['a refusal that nobody takes', (to) => to.publish(good()), 'ARTIFACT.NOT_FOUND'],
      [
        'forged headers',
        (to) =>
          to.publish('x', {
            headers: {
              'podway-tries': -5,
              'podway-sender': 'rival',
              'podway-sent-to': 'podway.client.rival',
              'podway-code': 'FORGED.CODE',
              'x-death': 'x',
            },
          }),
        'MESSAGE.NOT_JSON',
      ],
    ];

    it.each(sent)('is dead-lettered at once: %s', async (_, send, code) => {
      await send(acme);
      await vi.waitFor(async () => expect(await scene.deadLetters()).toHaveLength(1), 5_000);
      const [letter] = await scene.deadLetters();
      expect(letter).toMatchObject({ queue: clientUpdatesQueue, code, tries: 1 });
      expect(letter?.reason).not.toBe('');
      expect(letter?.body.length).toBeLessThanOrEqual(64 * 1024);
    });

    it('of a user of another client, who got into the exchange', async () => {
      const [user] = await new BrokerUsers(scene.gateway.dataSource).list('acme');
      await scene.gateway.dataSource.query(`update auth.broker_users set client = 'rival' where name = $1`, [
        acme.user,
      ]);
      await acme.publish(good(), { replyTo });
      await vi.waitFor(async () => expect(await scene.deadLetters()).toHaveLength(1), 5_000);
      expect((await scene.deadLetters())[0]?.code).toBe('MESSAGE.WRONG_CLIENT');
      await scene.gateway.dataSource.query(`update auth.broker_users set client = 'acme' where name = $1`, [
        acme.user,
      ]);
      expect(user).toBeDefined();
    });

    it('of a user that RabbitMQ has and Podway does not', async () => {
      const { name } = await scene.brokerUser('acme');
      await scene.gateway.dataSource.query('delete from auth.broker_users where name = $1', [acme.user]);
      await acme.publish(good(), { replyTo });
      await vi.waitFor(async () => expect(await scene.deadLetters()).toHaveLength(1), 5_000);
      expect((await scene.deadLetters())[0]?.code).toBe('MESSAGE.UNKNOWN_USER');
      await scene.gateway.dataSource.query(
        `insert into auth.broker_users select $1, client, role, pods, note, created_by, created_at, revoked_at
           from auth.broker_users where name = $2`,
        [acme.user, name],
      );
    });

    it('two hundred times, and the queue moves on', async () => {
      const kinds = sent.map(([, send]) => send);
      const many = 200;
      for (let n = 0; n < many; n += 1) await kinds[n % kinds.length]?.(n % 3 === 0 ? rival : acme);
      expect((await ask({ target, bundle: await inline() })).data.update).toBeDefined();
      await vi.waitFor(async () => expect(await count()).toBe(many), { timeout: 20_000, interval: 100 });
      const letters = await scene.deadLetters();
      expect(letters).toHaveLength(many);
      expect(letters.filter((one) => one.tries > 5 || one.code === '')).toEqual([]);
    });

    it('shows in the list of dead letters, and a replay knows the sender still', async () => {
      const id = ulid();
      const data = { target: { pod: 'later' }, bundle: await inline() };
      await acme.publish(publishMessage(data, { id }));
      await vi.waitFor(async () => expect(await count()).toBe(1), 5_000);
      const listed = await scene.api('GET', `/v1/dead-letters?queue=${clientUpdatesQueue}`);
      expect(await listed.json()).toMatchObject({ count: 1, deadLetters: [{ code: 'POD.NOT_FOUND' }] });
      await scene.gateway.apply([pod('later', 'acme')]);
      expect((await scene.api('POST', '/v1/dead-letters/replay', {})).status).toBe(200);
      await vi.waitFor(async () => expect(await rows({ idempotencyKey: id })).toHaveLength(1), 5_000);
      expect((await rows({ idempotencyKey: id }))[0]?.keyId).toBe(`broker:${acme.user}`);
    });
  });

  describe('when Podway cannot', () => {
    const broken = async <T>(work: () => Promise<T>): Promise<T> => {
      await scene.gateway.dataSource.query('alter table ingress.artifacts rename to away');
      try {
        return await work();
      } finally {
        await scene.gateway.dataSource.query('alter table ingress.away rename to artifacts');
      }
    };

    it('a message is tried again, and answered then', async () => {
      const correlationId = ulid();
      await broken(async () => {
        await acme.publish(publishMessage({ target, bundle: await inline() }), { replyTo, correlationId });
        await new Promise((resolve) => setTimeout(resolve, 300));
      });
      expect((await answerOf(acme, correlationId)).data.update).toBeDefined();
    });

    it('it is dead-lettered after its tries', async () => {
      await purge();
      await broken(async () => {
        await acme.publish(publishMessage({ target, bundle: await inline() }), { replyTo });
        await vi.waitFor(async () => expect(await count()).toBe(1), { timeout: 10_000, interval: 100 });
      });
      expect(await scene.deadLetters()).toMatchObject([{ code: 'MESSAGE.TRIES_EXHAUSTED', tries: 3 }]);
      await purge();
    });
  });

  async function count(): Promise<number> {
    return scene.broker.deadLetters(clientUpdatesQueue).count();
  }

  /** Empties the dead letters. */
  async function purge(): Promise<void> {
    const { origin, username, password } = new URL(scene.rabbit.managementUrl);
    const response = await fetch(`${origin}/api/queues/%2F/${clientUpdatesQueue}.dead-letters/contents`, {
      method: 'DELETE',
      headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    });
    expect(response.status).toBe(204);
  }
});

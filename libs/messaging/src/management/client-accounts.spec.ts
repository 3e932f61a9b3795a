import { Logger } from '@nestjs/common';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startRabbitMq, type TestRabbitMq } from '@podway/testing/rabbitmq';
import { AmqpBroker } from '../amqp/index.js';
import { ClientSystem, type Verdict } from '../testing/client-system.js';
import { clientUpdatesQueue, podwayTopology } from '../topology.js';
import { ClientAccounts } from './client-accounts.js';

Logger.overrideLogger(false);

const limits = {
  maxConnections: 3,
  maxChannels: 10,
  maxQueueBytes: 4096,
  queueExpiresMs: 3_600_000,
  streamAgeMs: 60_000,
  streamBytes: 1_000_000,
};

describe('ClientAccounts', () => {
  let rabbit: TestRabbitMq;
  let broker: AmqpBroker;
  let accounts: ClientAccounts;
  let admin: ChannelModel;
  const systems: ClientSystem[] = [];

  beforeAll(async () => {
    rabbit = await startRabbitMq({ management: true });
    broker = new AmqpBroker({ url: rabbit.url, freshQueueMs: 0 });
    await broker.declare(podwayTopology());
    accounts = new ClientAccounts({ managementUrl: rabbit.managementUrl, amqpUrl: rabbit.url, limits });
    admin = await connect(rabbit.url);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(systems.map((one) => one.close()));
    await admin?.close();
    await broker?.close();
    await rabbit?.stop();
  });

  const urlOf = (user: string, password: string): string =>
    `amqp://${user}:${password}@127.0.0.1:${rabbit.port}`;

  async function system(name: string, client: string, pods?: readonly string[]): Promise<ClientSystem> {
    const password = await accounts.ensure({ name, client, ...(pods ? { pods } : {}) });
    const made = await ClientSystem.connect(urlOf(name, password), client);
    systems.push(made);
    return made;
  }

  describe('what a broker user may', () => {
    let acme: ClientSystem;
    let shopOnly: ClientSystem;

    beforeAll(async () => {
      acme = await system('acme-1', 'acme');
      shopOnly = await system('acme-2', 'acme', ['shop', 'blog']);
      const rival = await system('rival-1', 'rival');
      await rival.queue('replies');
      // Not a client named `acme.`, but one whose name begins like acme's.
      await system('acme-two-1', 'acme-two');
      await acme.queue('replies');
      await acme.queue('events');
      await shopOnly.queue('shop-events');
    });

    const own = 'podway.client.acme';
    const body = Buffer.from('{}');
    const publish =
      (exchange: string, key = '', options: object = {}) =>
      async (channel: ConfirmChannel): Promise<void> => {
        channel.publish(exchange, key, body, { userId: 'acme-1', ...options });
        await channel.waitForConfirms();
        // The refusal of a publish comes by itself: ask something after it.
        await channel.checkQueue(`${own}.replies`);
      };
    const bind = (pattern: string, queue = `${own}.events`, exchange = 'podway.events') => {
      return (channel: ConfirmChannel) => channel.bindQueue(queue, exchange, pattern);
    };

    const table: readonly [string, (channel: ConfirmChannel) => Promise<unknown>, Verdict][] = [
      // Publishing.
      ['publish to its own exchange', publish(own), 'allowed'],
      ['publish with any routing key', publish(own, 'whatever'), 'allowed'],
      ['publish without a user_id', publish(own, '', { userId: undefined }), 'allowed'],
      ['publish with a forged user_id', publish(own, '', { userId: 'rival-1' }), 'refused'],
      ["publish with Podway's user_id", publish(own, '', { userId: 'podway' }), 'refused'],
      ["publish to another client's exchange", publish('podway.client.rival'), 'refused'],
      [
        'publish to the exchange of a client with a longer name',
        publish('podway.client.acme-two'),
        'refused',
      ],
      ['publish to the default exchange, into its own queue', publish('', `${own}.replies`), 'refused'],
      [
        'publish to the default exchange, into the queue of updates',
        publish('', clientUpdatesQueue),
        'refused',
      ],
      [
        'publish to the default exchange, into a command queue',
        publish('', 'podway.auth.authenticate-update'),
        'refused',
      ],
      ['publish commands', publish('podway.commands', 'podway.auth.authenticate-update'), 'refused'],
      ['publish outcomes', publish('podway.outcomes', 'podway.saga-coordinator.outcomes'), 'refused'],
      ['publish events', publish('podway.events', 'acme.shop.update.submitted'), 'refused'],
      ['publish dead letters', publish('podway.dead-letters', clientUpdatesQueue), 'refused'],
      ['publish to a retry delay', publish('podway.delay.1000ms', clientUpdatesQueue), 'refused'],
      ['publish to amq.topic', publish('amq.topic', 'x'), 'refused'],
      ['publish to amq.fanout', publish('amq.fanout'), 'refused'],
      // Its own queues.
      ['declare a queue of its own', (c) => c.assertQueue(`${own}.more`), 'allowed'],
      ['purge its own queue', (c) => c.purgeQueue(`${own}.more`), 'allowed'],
      ['get from its own queue', (c) => c.get(`${own}.more`), 'allowed'],
      ['consume its own queue', (c) => c.consume(`${own}.more`, () => undefined), 'allowed'],
      ['delete its own queue', (c) => c.deleteQueue(`${own}.more`), 'allowed'],
      [
        'wait at a direct reply-to',
        (c) => c.consume('amq.rabbitmq.reply-to', () => undefined, { noAck: true }),
        'allowed',
      ],
      // Queues of others.
      ['declare a queue that RabbitMQ names', (c) => c.assertQueue(''), 'refused'],
      ['declare a queue named like its exchange', (c) => c.assertQueue(own), 'refused'],
      ['declare a queue of any name', (c) => c.assertQueue('mine'), 'refused'],
      ["declare another client's queue", (c) => c.assertQueue('podway.client.rival.more'), 'refused'],
      [
        'declare a queue of a client with a longer name',
        (c) => c.assertQueue('podway.client.acme-two.x'),
        'refused',
      ],
      ['declare an internal queue', (c) => c.assertQueue('podway.auth.more'), 'refused'],
      ["read another client's queue", (c) => c.get('podway.client.rival.replies'), 'refused'],
      [
        "consume another client's queue",
        (c) => c.consume('podway.client.rival.replies', () => undefined),
        'refused',
      ],
      ["purge another client's queue", (c) => c.purgeQueue('podway.client.rival.replies'), 'refused'],
      ["delete another client's queue", (c) => c.deleteQueue('podway.client.rival.replies'), 'refused'],
      ["bind another client's queue", bind('acme.#', 'podway.client.rival.replies'), 'refused'],
      ['read the queue of updates', (c) => c.get(clientUpdatesQueue), 'refused'],
      ['consume the queue of updates', (c) => c.consume(clientUpdatesQueue, () => undefined), 'refused'],
      ['purge the queue of updates', (c) => c.purgeQueue(clientUpdatesQueue), 'refused'],
      ['delete the queue of updates', (c) => c.deleteQueue(clientUpdatesQueue), 'refused'],
      ['unbind the queue of updates', (c) => c.unbindQueue(clientUpdatesQueue, own, ''), 'refused'],
      ['bind the queue of updates', bind('acme.#', clientUpdatesQueue), 'refused'],
      [
        'consume a command queue',
        (c) => c.consume('podway.auth.authenticate-update', () => undefined),
        'refused',
      ],
      ['purge the outcomes', (c) => c.purgeQueue('podway.saga-coordinator.outcomes'), 'refused'],
      ['read dead letters', (c) => c.get(`${clientUpdatesQueue}.dead-letters`), 'refused'],
      // A queue that passes on to where its owner may not publish.
      [
        'dead-letter into the default exchange',
        (c) =>
          c.assertQueue(`${own}.dlx`, { deadLetterExchange: '', deadLetterRoutingKey: clientUpdatesQueue }),
        'refused',
      ],
      [
        'dead-letter into the commands',
        (c) => c.assertQueue(`${own}.dlx`, { deadLetterExchange: 'podway.commands' }),
        'refused',
      ],
      [
        "dead-letter into another client's exchange",
        (c) => c.assertQueue(`${own}.dlx`, { deadLetterExchange: 'podway.client.rival' }),
        'refused',
      ],
      // Exchanges.
      ['declare an exchange of any name', (c) => c.assertExchange('mine', 'fanout'), 'refused'],
      ['delete its own exchange', (c) => c.deleteExchange(own), 'refused'],
      ['delete the events', (c) => c.deleteExchange('podway.events'), 'refused'],
      [
        "bind another client's exchange to its own",
        (c) => c.bindExchange(own, 'podway.client.rival', ''),
        'refused',
      ],
      [
        'bind the commands to its own exchange',
        (c) => c.bindExchange(own, 'podway.commands', 'x'),
        'refused',
      ],
      ['pass its own on to the commands', (c) => c.bindExchange('podway.commands', own, ''), 'refused'],
      [
        'pass unroutable ones on to the commands',
        (c) => c.assertExchange(`${own}.ae`, 'fanout', { alternateExchange: 'podway.commands' }),
        'refused',
      ],
      ['bind its queue to the commands', bind('x', `${own}.events`, 'podway.commands'), 'refused'],
      ['bind its queue to the outcomes', bind('x', `${own}.events`, 'podway.outcomes'), 'refused'],
      [
        'bind its queue to the dead letters',
        bind(clientUpdatesQueue, `${own}.events`, 'podway.dead-letters'),
        'refused',
      ],
      [
        "bind its queue to another client's exchange",
        bind('', `${own}.events`, 'podway.client.rival'),
        'refused',
      ],
      ['bind its queue to its own exchange', bind('', `${own}.events`, own), 'refused'],
      ['bind its queue to the trace', bind('#', `${own}.events`, 'amq.rabbitmq.trace'), 'refused'],
      // Events.
      ['bind to the events of its client', bind('acme.#'), 'allowed'],
      ['bind to the events of one POD', bind('acme.shop.#'), 'allowed'],
      ['bind to one kind of event', bind('acme.*.deployment.changed'), 'allowed'],
      ['unbind what it bound', (c) => c.unbindQueue(`${own}.events`, 'podway.events', 'acme.#'), 'allowed'],
      ['bind to all events', bind('#'), 'refused'],
      ["bind to another client's events", bind('rival.#'), 'refused'],
      ['bind to the events of a client with a longer name', bind('acme-two.#'), 'refused'],
      ['bind to every client by *', bind('*.shop.#'), 'refused'],
      ['bind to every client by a tail', bind('#.changed'), 'refused'],
      ['bind with an empty key', bind(''), 'refused'],
      ['pass all events on to its own exchange', (c) => c.bindExchange(own, 'podway.events', '#'), 'refused'],
    ];

    it.each(table)('%s', async (_, operation, verdict) => {
      expect(await acme.tries(operation)).toBe(verdict);
    });

    it.each([
      ['acme.shop.#', 'allowed'],
      ['acme.blog.*.*', 'allowed'],
      ['acme.other.#', 'refused'],
      ['acme.*.deployment.changed', 'refused'],
      ['acme.#', 'refused'],
      ['acme.shop2.#', 'refused'],
    ] as const)('a user of some PODs binds to %s: %s', async (pattern, verdict) => {
      expect(await shopOnly.tries(bind(pattern, `${own}.shop-events`))).toBe(verdict);
    });

    it('gets the events of its client and no others', async () => {
      const queue = await acme.listen('heard');
      expect(await acme.tries((c) => c.bindQueue(queue, 'podway.events', 'acme.#'))).toBe('allowed');
      const channel = await admin.createConfirmChannel();
      for (const key of ['rival.shop.x.y', 'acme-two.shop.x.y', 'acme.shop.x.y'])
        channel.publish('podway.events', key, Buffer.from(key));
      await channel.waitForConfirms();
      await vi.waitFor(() => expect(acme.answers.length).toBeGreaterThan(0));
      await sleep(200);
      expect(acme.answers.map(({ content }) => content.toString())).toEqual(['acme.shop.x.y']);
      await channel.close();
    });
  });

  describe('limits', () => {
    it('a user has so many connections', async () => {
      const name = 'many-1';
      const password = await accounts.ensure({ name, client: 'many' });
      const held: ChannelModel[] = [];
      let refused = 0;
      for (let n = 0; n < limits.maxConnections + 2; n += 1) {
        await connect(urlOf(name, password)).then(
          (one) => held.push(one.on('error', () => undefined)),
          () => (refused += 1),
        );
      }
      expect([held.length, refused]).toEqual([limits.maxConnections, 2]);
      await Promise.all(held.map((one) => one.close()));
    });

    it('and so many channels', async () => {
      const name = 'many-2';
      const password = await accounts.ensure({ name, client: 'many' });
      const one = await connect(urlOf(name, password));
      one.on('error', () => undefined);
      let opened = 0;
      for (let n = 0; n < limits.maxChannels + 2; n += 1) {
        const channel = await Promise.race([one.createChannel(), sleep(2_000)]).catch(() => undefined);
        if (!channel) break;
        channel.on('error', () => undefined);
        opened += 1;
      }
      expect(opened).toBe(limits.maxChannels);
      await one.close().catch(() => undefined);
    });

    it('a queue of a client keeps so much, the newest', async () => {
      const client = await system('full-1', 'full');
      const queue = await client.queue('replies');
      const channel = await admin.createConfirmChannel();
      // Policies reach a queue a moment after it was made.
      await sleep(500);
      for (let n = 0; n < 20; n += 1) channel.sendToQueue(queue, Buffer.alloc(1_000, `${n % 10}`));
      await channel.waitForConfirms();
      const { messageCount } = await channel.checkQueue(queue);
      expect(messageCount).toBeLessThanOrEqual(4);
      expect(messageCount).toBeGreaterThan(0);
      await channel.close();
    });
  });

  it('a new password ends what the old one opened', async () => {
    const before = await accounts.ensure({ name: 'turn-1', client: 'turn' });
    const open = await connect(urlOf('turn-1', before));
    const ended = new Promise((resolve) => open.on('error', () => undefined).on('close', resolve));
    // The management plugin tells of a connection a moment later.
    await listed(rabbit, 'turn-1');
    const after = await accounts.ensure({ name: 'turn-1', client: 'turn' });
    await ended;
    await expect(connect(urlOf('turn-1', before))).rejects.toThrow(/ACCESS.REFUSED/);
    await (await connect(urlOf('turn-1', after))).close();
  });

  it('who is removed is out at once, and removing again is no error', async () => {
    const password = await accounts.ensure({ name: 'gone-1', client: 'gone' });
    expect(await accounts.exists('gone-1')).toBe(true);
    const open = await connect(urlOf('gone-1', password));
    const ended = new Promise((resolve) => open.on('error', () => undefined).on('close', resolve));
    await accounts.remove('gone-1');
    await ended;
    await expect(connect(urlOf('gone-1', password))).rejects.toThrow(/ACCESS.REFUSED/);
    expect(await accounts.exists('gone-1')).toBe(false);
    await accounts.remove('gone-1');
  });

  it('says so when the management API is not there, or refuses', async () => {
    const made = (managementUrl: string): ClientAccounts =>
      new ClientAccounts({ managementUrl, amqpUrl: rabbit.url, limits });
    const failed = { code: 'BROKER.MANAGEMENT_FAILED', retryable: true };
    await expect(made('http://podway:x@127.0.0.1:9').exists('x')).rejects.toMatchObject(failed);
    const wrong = rabbit.managementUrl.replace(/:[^:@]+@/, ':wrong@');
    await expect(made(wrong).exists('x')).rejects.toMatchObject(failed);
  });

  it.each(['acme.x', 'a*', '', 'ACME', 'a|b', '.*'])('makes nobody for a client named %j', async (client) => {
    await expect(accounts.ensure({ name: 'odd-1', client })).rejects.toThrow(TypeError);
    expect(await accounts.exists('odd-1')).toBe(false);
  });
});

async function listed({ managementUrl }: TestRabbitMq, user: string): Promise<void> {
  const { origin, username, password } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  await vi.waitFor(
    async () => {
      const response = await fetch(`${origin}/api/connections`, { headers: { authorization } });
      const connections = (await response.json()) as { user?: string }[];
      expect(connections.some((one) => one.user === user)).toBe(true);
    },
    { timeout: 15_000, interval: 200 },
  );
}

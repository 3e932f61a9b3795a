import request from 'supertest';
import { Webhook as Verifier } from 'standardwebhooks';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseMessage, type DeliveryView, type NewWebhookView, type WebhookView } from '@podway/contracts';
import { Clients, WebhookQueue } from '@podway/persistence';
import { appendChange, numberEvents } from '../../../test/deployments.js';
import { startGateway, type TestGateway } from '../../../test/gateway.js';
import {
  startWebhookReceiver,
  type ReceivedMessage,
  type WebhookReceiver,
} from '../../../test/webhook-receiver.js';
import type { ApiListener } from '../api-listener.js';

const timeout = 30_000;
const NOTHING: Pick<ReceivedMessage, 'headers' | 'body'> = { headers: {}, body: '' };
let gateway: TestGateway;
let receiver: WebhookReceiver;
let acme: string;

beforeAll(async () => {
  gateway = await startGateway({
    PODWAY_WEBHOOKS_PRIVATE: 'true',
    PODWAY_WEBHOOK_RETRY_MS: '20',
    PODWAY_WEBHOOK_RETRY_MAX_MS: '100',
    PODWAY_WEBHOOK_TIMEOUT_MS: '400',
    PODWAY_WEBHOOK_DISABLE_AFTER_FAILURES: '6',
    PODWAY_WEBHOOKS_AT_ONCE: '8',
    PODWAY_WEBHOOKS_PER_CLIENT: '100',
    PODWAY_QUOTA_REQUESTS_PER_MINUTE: '100000',
  });
  acme = await gateway.key('acme', 'publisher');
});
afterAll(() => gateway?.close());
beforeEach(async () => {
  await gateway.dataSource.query('delete from ingress.webhooks; truncate coordinator.event_log');
  receiver = await startWebhookReceiver();
  return () => receiver.close();
});

const happen = async (count: number, pod = 'shop', client = 'acme'): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    const of = { id: ulid(), updateId: ulid(), client, pod };
    await appendChange(gateway.dataSource, of, { to: 'Queued', cause: 'PodResolved' });
  }
  await numberEvents(gateway.dataSource);
};
const ask = (method: 'get' | 'post' | 'patch' | 'delete', path: string, key = acme): request.Test =>
  request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`);
async function hook(rest: object = {}, key = acme, path = '/'): Promise<NewWebhookView> {
  const made = await ask('post', '/v1/webhooks', key).send({ url: receiver.url + path, ...rest });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body as NewWebhookView;
}
const stateOf = async (id: string): Promise<WebhookView> =>
  (await ask('get', `/v1/webhooks/${id}`)).body as WebhookView;
const deliveriesOf = async (id: string, query = ''): Promise<DeliveryView[]> =>
  (await ask('get', `/v1/webhooks/${id}/deliveries${query}`)).body.deliveries as DeliveryView[];
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);
const arrive = (expected: number[], path?: string): Promise<void> =>
  expect.poll(() => receiver.sequences(path), { timeout }).toEqual(expected);

describe('what is sent', () => {
  it('is the event, signed as Standard Webhooks has it', async () => {
    const { id, secret } = await hook();
    await happen(1);
    await arrive([1]);
    const [{ headers, body } = NOTHING] = receiver.received;
    expect(headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    const { envelope } = parseMessage(body);
    expect(headers['webhook-id']).toBe(envelope.id);
    expect(() => new Verifier(secret).verify(body, headers as Record<string, string>)).not.toThrow();
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(() => new Verifier(other).verify(body, headers as Record<string, string>)).toThrow();
    await expect
      .poll(() => deliveriesOf(id), { timeout })
      .toMatchObject([{ state: 'delivered', tries: 1, status: 204, eventId: envelope.id, sequence: 1 }]);
  });

  it('comes once each and in order, from the sequence asked for and then as it happens', async () => {
    await happen(55);
    await hook({ after: 5 });
    await arrive(range(6, 55));
    await happen(30);
    await arrive(range(6, 85));
  });

  it('is of its own client, its PODs and its types alone', async () => {
    await hook({ after: 0 }, acme, '/all');
    await hook({ after: 0, pods: ['blog'] }, acme, '/blog');
    await hook({ after: 0, types: ['io.podway.step.progressed.v1'] }, acme, '/progress');
    await hook({ after: 0 }, await gateway.key('rival', 'publisher'), '/rival');
    const { id } = await hook({ after: 0, types: ['io.podway.step.progressed.v1'] });
    await happen(1);
    await happen(1, 'blog');
    await happen(1, 'other', 'rival');
    await happen(1);
    await arrive([1, 2, 4], '/all');
    await arrive([2], '/blog');
    await arrive([3], '/rival');
    // It goes on behind what its filter leaves out.
    await expect.poll(async () => (await stateOf(id)).sequence, { timeout }).toBe(4);
    await arrive([], '/progress');
  });

  it('is a batch of CDEvents, where that was asked for, and nothing of what is none', async () => {
    await hook({ after: 0, format: 'cdevents' });
    const of = { id: ulid(), updateId: ulid(), client: 'acme', pod: 'shop' };
    await appendChange(gateway.dataSource, of, {
      from: 'AwaitingPods',
      to: 'Queued',
      cause: 'Nothing',
    });
    await appendChange(gateway.dataSource, of, { to: 'Authenticating', cause: 'UpdateSubmitted' });
    await numberEvents(gateway.dataSource);
    await expect.poll(() => receiver.received.length, { timeout }).toBeGreaterThan(0);
    const { headers, body } = receiver.received.at(-1) as (typeof receiver.received)[number];
    expect(headers['content-type']).toBe('application/cloudevents-batch+json; charset=utf-8');
    expect((JSON.parse(body) as { type: string }[]).map(({ type }) => type)).toEqual([
      ...['dev.cdevents.pipelinerun.started.0.2.0', 'dev.cdevents.taskrun.started.0.2.0'],
    ]);
  });

  it('is signed with the secret before too, for a while', async () => {
    const { id, secret } = await hook();
    const rotated = await ask('post', `/v1/webhooks/${id}/secret`);
    expect(rotated.body.previousSecretUntil).toBeDefined();
    await happen(1);
    await arrive([1]);
    const verify = (by: string) => () => {
      const [{ headers, body } = NOTHING] = receiver.received.slice(-1);
      return new Verifier(by).verify(body, headers as Record<string, string>);
    };
    expect(verify(secret)).not.toThrow();
    expect(verify(rotated.body.secret as string)).not.toThrow();
    await gateway.dataSource.query(`update ingress.webhooks set previous_until = now() - interval '1 s'`);
    await happen(1);
    await arrive([1, 2]);
    expect(verify(secret)).toThrow();
    expect(verify(rotated.body.secret as string)).not.toThrow();
  });
});

describe('a receiver that fails', () => {
  it('is tried again until it takes the event; those behind it wait, and keep their order', async () => {
    let failing = 3;
    receiver.answer = (response) => void response.writeHead(failing-- > 0 ? 500 : 200).end();
    const { id } = await hook();
    await happen(3);
    await arrive([1, 1, 1, 1, 2, 3]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    await expect
      .poll(async () => (await deliveriesOf(id)).map(({ tries }) => tries), { timeout })
      .toEqual([1, 1, 4]);
    expect(await stateOf(id)).toMatchObject({ state: 'active', failures: 0 });
  });

  it('that sends elsewhere is not followed', async () => {
    const elsewhere = await startWebhookReceiver();
    receiver.answer = (response) => void response.writeHead(307, { location: elsewhere.url }).end();
    const { id } = await hook();
    await happen(1);
    await expect.poll(async () => (await deliveriesOf(id))[0]?.error, { timeout }).toBe('answered 307');
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  it('is disabled in the end, which an event says; set active it goes on where it stopped', async () => {
    receiver.answer = (response) => void response.writeHead(503).end();
    const { id } = await hook({ types: ['io.podway.deployment.changed.v1'] });
    const watcher = await startWebhookReceiver();
    await hook({ url: watcher.url, types: ['io.podway.webhook.disabled.v1'] });
    await happen(2);
    await expect
      .poll(() => stateOf(id), { timeout })
      .toMatchObject({
        ...{ state: 'disabled', failures: 6, sequence: 0 },
        disabledReason: 'failed 6 times in a row, the last time: answered 503',
      });
    await numberEvents(gateway.dataSource);
    await expect.poll(() => watcher.received.length, { timeout }).toBe(1);
    expect(parseMessage(watcher.received[0]?.body ?? '').envelope).toMatchObject({
      ...{ type: 'io.podway.webhook.disabled.v1', subject: 'acme', sequence: '3' },
      data: { webhookId: id, failures: 6, lastSequence: 0 },
    });
    await watcher.close();
    receiver.received.length = 0;
    receiver.answer = (response) => void response.writeHead(200).end();
    await ask('patch', `/v1/webhooks/${id}`).send({ state: 'active' }).expect(200);
    await arrive([1, 2]);
  });

  it('that is gone for good is disabled at once', async () => {
    receiver.answer = (response) => void response.writeHead(410).end();
    const { id } = await hook();
    await happen(1);
    await expect.poll(async () => (await stateOf(id)).state, { timeout }).toBe('disabled');
    expect(receiver.received).toHaveLength(1);
  });

  it('harms no others: not its own client’s, not other clients’', async () => {
    const silent = await startWebhookReceiver();
    silent.answer = () => undefined;
    const endless = await startWebhookReceiver();
    endless.answer = (response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(10_000)), 5);
      response.on('close', () => clearInterval(more));
    };
    for (let n = 0; n < 12; n += 1) await hook({ url: `${(n % 2 ? silent : endless).url}/${n}` });
    const own = await hook({}, acme, '/own');
    await hook({}, await gateway.key('rival', 'publisher'), '/rival');
    await happen(5);
    await happen(5, 'other', 'rival');
    await arrive(range(6, 10), '/rival');
    await arrive(range(1, 5), '/own');
    expect((await stateOf(own.id)).state).toBe('active');
    await silent.close();
    await endless.close();
  });
});

describe('paused', () => {
  it('it gets nothing, and all of it later', async () => {
    const { id } = await hook();
    await ask('patch', `/v1/webhooks/${id}`).send({ state: 'paused' }).expect(200);
    await happen(3);
    await hook({ after: 0 }, acme, '/other');
    await arrive([1, 2, 3], '/other');
    expect(receiver.sequences('/')).toEqual([]);
    await ask('patch', `/v1/webhooks/${id}`).send({ state: 'active' }).expect(200);
    await arrive([1, 2, 3], '/');
  });

  it('so are all of a disabled client', async () => {
    const clients = new Clients(gateway.dataSource);
    await hook();
    await clients.change('acme', { disabled: true });
    await happen(1);
    await happen(1, 'other', 'rival');
    await hook({ after: 0 }, await gateway.key('rival', 'publisher'), '/rival');
    await arrive([2], '/rival');
    expect(receiver.sequences('/')).toEqual([]);
    await clients.change('acme', { disabled: false });
    await arrive([1], '/');
  });
});

describe('several gateways', () => {
  it('share the work: each event once, in order', async () => {
    const others: ApiListener[] = [await gateway.anotherApi(), await gateway.anotherApi()];
    await hook({ after: 0 });
    for (let n = 0; n < 10; n += 1) await happen(6);
    await arrive(range(1, 60));
    await Promise.all(others.map((one) => one.close()));
  });

  it('one takes over from one that died, after its lease', async () => {
    const { id } = await hook({ state: undefined });
    const queue = new WebhookQueue(gateway.dataSource, {
      ...{ retryMs: 1, retryMaxMs: 1, disableAfterMs: 1, disableAfterFailures: 1 },
    });
    await ask('patch', `/v1/webhooks/${id}`).send({ state: 'paused' }).expect(200);
    await happen(1);
    // As if another gateway had taken it and died: nobody gives it back.
    await gateway.dataSource.query(
      `update ingress.webhooks set state = 'active', lease = 'dead', leased_until = now() + interval '700 ms' where id = $1`,
      [id],
    );
    const began = Date.now();
    expect(await queue.claim(1_000, [])).toBeUndefined();
    await arrive([1]);
    expect(Date.now() - began).toBeGreaterThan(500);
    // What the dead one would still say counts no more.
    const dead = { ...(await gateway.dataSource.query('select * from ingress.webhooks'))[0], lease: 'dead' };
    const late = { eventId: ulid(), type: 'x', sequence: 9, delivered: true, durationMs: 1 };
    expect(await queue.delivered(dead, late, 1_000)).toBeUndefined();
    expect((await stateOf(id)).sequence).toBe(1);
  });
});

describe('by hand', () => {
  it('an event is sent again, with the same id', async () => {
    receiver.answer = (response) => void response.writeHead(410).end();
    const { id } = await hook();
    await happen(1);
    await expect.poll(async () => (await stateOf(id)).state, { timeout }).toBe('disabled');
    receiver.answer = (response) => void response.writeHead(202).end();
    const [failed] = await deliveriesOf(id, '?state=failed');
    const again = await ask('post', `/v1/webhooks/${id}/deliveries/${failed?.id}/redeliver`);
    expect(again.body).toMatchObject({ state: 'delivered', status: 202, tries: 2, id: failed?.id });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await deliveriesOf(id, '?state=failed')).toEqual([]);
  });

  it('a test is sent that is not in the log, and cannot be sent again', async () => {
    const { id, secret } = await hook();
    const tested = await ask('post', `/v1/webhooks/${id}/test`);
    expect(tested.body).toMatchObject({ state: 'delivered', type: 'io.podway.webhook.tested.v1', tries: 1 });
    const [{ headers, body } = NOTHING] = receiver.received;
    expect(() => new Verifier(secret).verify(body, headers as Record<string, string>)).not.toThrow();
    expect(parseMessage(body).envelope.data).toMatchObject({ webhookId: id });
    const path = `/v1/webhooks/${id}/deliveries/${tested.body.id}/redeliver`;
    expect((await ask('post', path)).body).toMatchObject({ status: 409, code: 'WEBHOOK.EVENT_GONE' });
  });
});

it('what became of events is kept for a time', async () => {
  const { id } = await hook();
  await happen(2);
  await expect.poll(async () => (await deliveriesOf(id)).length, { timeout }).toBe(2);
  const queue = new WebhookQueue(gateway.dataSource, {
    ...{ retryMs: 1, retryMaxMs: 1, disableAfterMs: 1, disableAfterFailures: 1 },
  });
  expect(await queue.prune(new Date(Date.now() - 3_600_000))).toBe(0);
  await gateway.dataSource.query(
    `update ingress.webhook_deliveries set last_tried_at = now() - interval '2 h' where sequence = 1`,
  );
  expect(await queue.prune(new Date(Date.now() - 3_600_000))).toBe(1);
  expect((await deliveriesOf(id)).map(({ sequence }) => sequence)).toEqual([2]);
});

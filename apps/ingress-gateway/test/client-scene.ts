import { ulid } from 'ulid';
import { expect, vi } from 'vitest';
import {
  clientMessageTypes,
  type Envelope,
  type NewBrokerUserView,
  type UpdateAccepted,
  type UpdateRefused,
} from '@podway/contracts';
import { AmqpBroker, clientUpdatesQueue, podwayTopology, type DeadLetter } from '@podway/messaging';
import { ClientSystem } from '@podway/messaging/testing/client-system';
import { startRabbitMq, type TestRabbitMq } from '@podway/testing/rabbitmq';
import { startGateway, type TestGateway } from './gateway.js';

type Data = Record<string, unknown>;

/** A gateway on a real RabbitMQ, and client systems at its other end. */
export interface ClientScene {
  readonly gateway: TestGateway;
  readonly broker: AmqpBroker;
  readonly rabbit: TestRabbitMq;
  /** Asks the API as the admin. */
  api(method: string, path: string, json?: object): Promise<Response>;
  brokerUser(client: string, pods?: string[]): Promise<NewBrokerUserView>;
  /** A broker user's program, connected. */
  system(client: string, pods?: string[]): Promise<ClientSystem>;
  /** Publishes and waits for the answer. */
  ask(
    system: ClientSystem,
    replyTo: string,
    data: Data,
    attributes?: Data,
  ): Promise<Envelope<UpdateAccepted & UpdateRefused>>;
  deadLetters(): Promise<DeadLetter[]>;
  close(): Promise<void>;
}

/** A message of a client system. */
export function publishMessage(data: Data, attributes: Data = {}): Data {
  return {
    specversion: '1.0',
    id: ulid(),
    source: '/tests',
    type: clientMessageTypes.publish,
    data,
    ...attributes,
  };
}

export async function startClientScene(env: Record<string, string> = {}): Promise<ClientScene> {
  const rabbit = await startRabbitMq({ management: true });
  const broker = new AmqpBroker({ url: rabbit.url, freshQueueMs: 0 });
  await broker.declare(podwayTopology({ delaysMs: [50, 500], maxTries: 3 }));
  const gateway = await startGateway(
    {
      AMQP_URL: rabbit.url,
      PODWAY_AMQP_MANAGEMENT_URL: rabbit.managementUrl,
      PODWAY_QUOTA_REQUESTS_PER_MINUTE: '100000',
      ...env,
    },
    broker,
  );
  const key = await gateway.key('*', 'admin');
  const systems: ClientSystem[] = [];
  const api: ClientScene['api'] = (method, path, json) =>
    fetch(gateway.api + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(json ? { 'content-type': 'application/json' } : {}) },
      ...(json ? { body: JSON.stringify(json) } : {}),
    });
  const scene: ClientScene = {
    ...{ gateway, broker, rabbit, api },
    async brokerUser(client, pods) {
      const made = await api('POST', `/v1/clients/${client}/broker-users`, pods ? { pods } : {});
      expect(made.status).toBe(201);
      return (await made.json()) as NewBrokerUserView;
    },
    async system(client, pods) {
      const { name, password } = await scene.brokerUser(client, pods);
      const system = await ClientSystem.connect(
        `amqp://${name}:${password}@127.0.0.1:${rabbit.port}`,
        client,
      );
      systems.push(system);
      return system;
    },
    async ask(system, replyTo, data, attributes) {
      const correlationId = ulid();
      await system.publish(publishMessage(data, attributes), { replyTo, correlationId });
      return answerOf(system, correlationId);
    },
    deadLetters: () => broker.deadLetters(clientUpdatesQueue).list(500),
    async close() {
      await Promise.all(systems.map((one) => one.close()));
      await gateway.close();
      await broker.close();
      await rabbit.stop();
    },
  };
  return scene;
}

/** The answer to the message with this correlation id. */
export function answerOf(
  system: ClientSystem,
  correlationId: string,
): Promise<Envelope<UpdateAccepted & UpdateRefused>> {
  return vi.waitFor(
    () => {
      const answer = system.answers.find((one) => one.correlationId === correlationId);
      if (!answer) throw new Error('no answer yet');
      return JSON.parse(answer.content.toString()) as Envelope<UpdateAccepted & UpdateRefused>;
    },
    { timeout: 10_000, interval: 10 },
  );
}

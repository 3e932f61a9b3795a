import { Controller, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { SnapshotTaken, TakeSnapshot } from '@podway/contracts';
import { startRabbitMq, type TestRabbitMq } from '@podway/testing/rabbitmq';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AmqpBroker } from '../amqp/amqp-broker.js';
import { snapshotTaken, takeSnapshot } from '../testing/messages.js';
import { podwayTopology } from '../topology.js';
import { BrokerClient } from './broker.client.js';
import { BrokerServer } from './broker.server.js';
import { CommandHandler, EventHandler } from './handler.decorators.js';

Logger.overrideLogger(false);

describe('BrokerClient and BrokerServer over RabbitMQ', () => {
  let rabbit: TestRabbitMq;
  let broker: AmqpBroker;
  const told: string[] = [];

  beforeAll(async () => {
    rabbit = await startRabbitMq();
    broker = new AmqpBroker({ url: rabbit.url });
    await broker.declare(podwayTopology({ delaysMs: [20], maxTries: 3 }));
  }, 60_000);
  afterAll(async () => {
    await broker.close();
    await rabbit.stop();
  });

  it('carries a command to its service and the outcome back, on one broker for both', async () => {
    const client = new BrokerClient(broker);

    @Controller()
    class Worker {
      @CommandHandler(TakeSnapshot, { prefetch: 2 })
      async take(@Payload() { canary }: TakeSnapshot): Promise<void> {
        told.push(`take ${canary}`);
        const outcome = snapshotTaken();
        await lastValueFrom(client.emit(outcome.type, outcome), { defaultValue: undefined });
      }
    }

    @Controller()
    class Coordinator {
      @EventHandler([SnapshotTaken])
      taken(@Payload() { snapshot }: SnapshotTaken): void {
        told.push(`taken on ${snapshot.server}`);
        if (told.length < 4) throw new Error('once more, please');
      }
    }

    const apps = [];
    for (const controller of [Worker, Coordinator]) {
      class ServiceModule {}
      const dynamic = { module: ServiceModule, controllers: [controller] };
      const strategy = new BrokerServer({ broker });
      apps.push(
        await NestFactory.createMicroservice(dynamic, { strategy, logger: false, abortOnError: false }),
      );
    }
    for (const app of apps) await app.listen();
    const command = takeSnapshot('web-1');
    await lastValueFrom(client.emit(command.type, command), { defaultValue: undefined });
    const expected = ['take web-1', 'taken on web-1', 'taken on web-1', 'taken on web-1'];
    await vi.waitFor(() => expect(told).toEqual(expected), { timeout: 20_000 });
    for (const app of apps) await app.close();
    expect(await broker.deadLetters().count()).toBe(0);
  });

  it('refuses what is no envelope of that type, and requests for a reply', async () => {
    const client = new BrokerClient(broker);
    const command = takeSnapshot();
    const wrongType = lastValueFrom(client.emit('io.podway.snapshot.taken.v1', command), { defaultValue: 0 });
    await expect(wrongType).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    await expect(lastValueFrom(client.send(command.type))).rejects.toMatchObject({
      code: 'MESSAGE.NO_REPLY',
    });
  });
});

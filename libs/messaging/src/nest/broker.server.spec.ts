import { Controller, Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import {
  PodwayError,
  ResolvePod,
  HoldCanary,
  RestoreSnapshot,
  SnapshotFailed,
  SnapshotTaken,
  TakeSnapshot,
  type Envelope,
} from '@podway/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Broker, Delivery, Disposition } from '../broker.js';
import { gate } from '../testing/contract-harness.js';
import { snapshotTaken, takeSnapshot } from '../testing/messages.js';
import { outcomesQueue } from '../topology.js';
import { BrokerContext } from './broker.context.js';
import { BrokerServer, type BrokerServerOptions } from './broker.server.js';
import { CommandHandler, EventHandler } from './handler.decorators.js';

Logger.overrideLogger(false);

const takeQueue = 'podway.snapshotter.take-snapshot';

/** Stands where a broker is: hands over deliveries and keeps what becomes of them. */
class HandFedBroker implements Broker {
  readonly consumers = new Map<
    string,
    { prefetch: number; handler: (d: Delivery) => Promise<Disposition> }
  >();
  readonly closed: string[] = [];
  maxHoldMs: number | undefined;
  readonly tellsAges = true;

  consume(queue: string, { prefetch }: { prefetch: number }, handler: (d: Delivery) => Promise<Disposition>) {
    this.consumers.set(queue, { prefetch, handler });
    return Promise.resolve({ close: async () => void this.closed.push(queue) });
  }

  deliver(queue: string, message: Envelope | string, tries = 1): Promise<Disposition> {
    const consumer = this.consumers.get(queue);
    if (!consumer) throw new Error(`nobody consumes ${queue}`);
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    return consumer.handler({ queue, body: Buffer.from(text), tries });
  }

  declare = () => Promise.resolve();
  publish = () => Promise.resolve();
  ready = () => true;
  close = () => Promise.resolve();
  backlog = () => Promise.resolve([]);
  deadLetters = (): never => {
    throw new Error('none');
  };
}

describe('BrokerServer', () => {
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0)) await end();
  });

  async function serve(controller: Type<unknown>, options: Partial<BrokerServerOptions> = {}) {
    const broker = new HandFedBroker();
    const strategy = new BrokerServer({ broker, ...options });
    class ServiceModule {}
    const dynamic = { module: ServiceModule, controllers: [controller] };
    const app = await NestFactory.createMicroservice(dynamic, {
      strategy,
      logger: false,
      abortOnError: false,
    });
    ending.push(() => app.close());
    await app.listen();
    return { broker, app };
  }

  function taking(
    work: (payload: TakeSnapshot, context: BrokerContext) => unknown,
    prefetch?: number,
  ): Type<unknown> {
    @Controller()
    class TakeSnapshotController {
      @CommandHandler(TakeSnapshot, { prefetch })
      handle(@Payload() payload: TakeSnapshot, @Ctx() context: BrokerContext): unknown {
        return work(payload, context);
      }
    }
    return TakeSnapshotController;
  }

  it('gives the handler the payload in its class, and the context', async () => {
    const seen: unknown[] = [];
    const { broker } = await serve(
      taking((payload, context) => {
        seen.push(payload instanceof TakeSnapshot, payload.canary);
        seen.push(context.message.envelope.subject, context.tries, context.queue);
      }),
    );
    expect(await broker.deliver(takeQueue, takeSnapshot('web-3'), 2)).toEqual({ kind: 'ack' });
    expect(seen).toEqual([true, 'web-3', 'acme/shop', 2, takeQueue]);
  });

  it('acks only after the handler has resolved', async () => {
    const { opened, open } = gate();
    const { broker } = await serve(taking(() => opened));
    let settled = false;
    const delivering = broker.deliver(takeQueue, takeSnapshot()).then((disposition) => {
      settled = true;
      return disposition;
    });
    await sleep(30);
    expect(settled).toBe(false);
    open();
    expect(await delivering).toEqual({ kind: 'ack' });
  });

  it.each([
    ['a refusal', new PodwayError('POD.UNKNOWN', 'no such POD'), 'dead-letter'],
    ['trouble that passes', new PodwayError('HOST.TIMEOUT', 'slow', { retryable: true }), 'retry'],
    ['a mistake', new TypeError('x is undefined'), 'retry'],
  ])('turns %s into %s', async (_name, error, kind) => {
    const { broker } = await serve(taking(() => Promise.reject(error)));
    expect(await broker.deliver(takeQueue, takeSnapshot())).toMatchObject({ kind, reason: error.message });
  });

  it.each([
    ['no JSON', 'INPUT.INVALID', '{'],
    ['no envelope', 'INPUT.INVALID', '{"id":1}'],
    [
      'a payload of a wrong form',
      'INPUT.INVALID',
      JSON.stringify({ ...takeSnapshot(), data: { canary: 'UP!' } }),
    ],
    [
      'an unknown type',
      'MESSAGE.UNKNOWN_TYPE',
      JSON.stringify({ ...takeSnapshot(), type: 'io.podway.no.such.v1' }),
    ],
    ['a type without a handler', 'MESSAGE.NO_HANDLER', JSON.stringify(snapshotTaken())],
  ])('dead-letters %s', async (_name, code, body) => {
    const { broker } = await serve(taking(() => undefined));
    expect(await broker.deliver(takeQueue, body)).toMatchObject({ kind: 'dead-letter', code });
  });

  it('consumes one queue for all events, with the largest prefetch asked for', async () => {
    @Controller()
    class Outcomes {
      @EventHandler([SnapshotTaken], { prefetch: 4 })
      taken(): void {}

      @EventHandler([SnapshotFailed], { prefetch: 16 })
      failed(): void {}

      @EventPattern('io.podway.step.progressed.v1')
      progressed(_told: object): void {}
    }
    const { broker } = await serve(Outcomes);
    expect([...broker.consumers].map(([queue, { prefetch }]) => [queue, prefetch])).toEqual([
      [outcomesQueue, 16],
    ]);
    expect(await broker.deliver(outcomesQueue, snapshotTaken())).toEqual({ kind: 'ack' });
  });

  it('acks in time what takes too long, and waits for it at close', async () => {
    const { opened, open } = gate();
    let ended = false;
    const { broker, app } = await serve(
      taking(async () => {
        await opened;
        ended = true;
      }),
      { ackAfterMs: 10 },
    );
    expect(await broker.deliver(takeQueue, takeSnapshot())).toEqual({ kind: 'ack' });
    expect(ended).toBe(false);
    const closing = app.close().then(() => ended);
    open();
    expect(await closing).toBe(true);
    expect(broker.closed).toEqual([takeQueue]);
  });

  it('starts only with exactly one handler for each command of its service', async () => {
    const service = 'snapshotter' as const;
    await expect(
      serve(
        taking(() => undefined),
        { service },
      ),
    ).rejects.toMatchObject({
      code: 'HANDLER.MISMATCH',
      details: { problems: ['none for HoldCanary', 'none for RestoreSnapshot'] },
    });

    @Controller()
    class Both {
      @CommandHandler(TakeSnapshot)
      take(): void {}

      @CommandHandler(RestoreSnapshot)
      restore(): void {}

      @CommandHandler(HoldCanary)
      hold(): void {}
    }
    const { broker } = await serve(Both, { service });
    expect([...broker.consumers.keys()]).toEqual([
      takeQueue,
      'podway.snapshotter.restore-snapshot',
      'podway.snapshotter.hold-canary',
    ]);

    @Controller()
    class TooMuch extends Both {
      @CommandHandler(TakeSnapshot)
      again(): void {}

      @CommandHandler(ResolvePod)
      foreign(): void {}
    }
    await expect(serve(TooMuch, { service })).rejects.toMatchObject({
      details: { problems: ['more than one for TakeSnapshot', 'ResolvePod is for pod-resolver'] },
    });
  });

  it('lets only commands be commands', () => {
    expect(() => CommandHandler(SnapshotTaken)).toThrow('SnapshotTaken is not a declared command');
    expect(() => EventHandler([TakeSnapshot])).toThrow('TakeSnapshot is not a declared event');
  });
});

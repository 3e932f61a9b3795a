import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greets } from './amqp-greeting.js';
import { startRabbitMq, type TestRabbitMq } from './start-rabbitmq.js';

describe('startRabbitMq', () => {
  let first: TestRabbitMq;
  let second: TestRabbitMq;
  beforeAll(async () => {
    [first, second] = await Promise.all([startRabbitMq(), startRabbitMq()]);
  });
  afterAll(async () => {
    await first.stop();
    await second.stop();
  });

  it('starts servers that do not meet', async () => {
    expect(first.port).not.toBe(second.port);
    expect(await greets(first.port)).toBe(true);
    expect(await greets(second.port)).toBe(true);
  });

  it('is down after a kill while the other lives, and back on its port after a start', async () => {
    const before = first.pid;
    await first.kill();
    expect(await greets(first.port)).toBe(false);
    expect(await greets(second.port)).toBe(true);
    await first.start();
    expect(await greets(first.port)).toBe(true);
    expect(first.pid).not.toBe(before);
  });

  it('restarts', async () => {
    await second.restart();
    expect(await greets(second.port)).toBe(true);
  });
});

import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Broker } from '../broker.js';
import { queueNames, type BrokerHarness } from './contract-harness.js';

/** The harness of one group of tests, with a fresh queue for each test and the brokers closed after it. */
export interface ContractBench {
  readonly harness: () => BrokerHarness;
  readonly broker: (options?: { publishTimeoutMs?: number }) => Promise<Broker>;
  readonly freshQueue: () => string;
}

export function contractBench(open: () => Promise<BrokerHarness>): ContractBench {
  let harness: BrokerHarness;
  let used = 0;
  const brokers: Broker[] = [];
  beforeAll(async () => {
    harness = await open();
  }, 120_000);
  afterEach(async () => {
    await Promise.all(brokers.splice(0).map((broker) => broker.close()));
  });
  afterAll(() => harness.close());
  return {
    harness: () => harness,
    async broker(options) {
      const broker = await harness.open(options);
      brokers.push(broker);
      return broker;
    },
    freshQueue() {
      const name = queueNames[used];
      used += 1;
      if (!name) throw new Error('The contract topology has too few queues');
      return name;
    },
  };
}

import type { Broker } from '@podway/messaging';
import { brokerContract, contractTopology, TcpRelay } from '@podway/messaging/testing';
import { startPostgres } from '@podway/testing/postgres';
import { PostgresBroker } from './postgres-broker.js';

brokerContract('PostgresBroker', async () => {
  const postgres = await startPostgres();
  const relays = new Map<Broker, TcpRelay>();
  return {
    async open(options) {
      const relay = await TcpRelay.to(postgres.port);
      const connectionString = relay.through(postgres.url());
      const broker = new PostgresBroker({
        connectionString,
        sweepMs: 100,
        drainTimeoutMs: 1_000,
        ...options,
      });
      relays.set(broker, relay);
      await broker.declare(contractTopology);
      return broker;
    },
    async crash(broker) {
      await relays.get(broker)?.cut();
    },
    kill: () => postgres.kill(),
    start: () => postgres.start(),
    async close() {
      for (const relay of relays.values()) await relay.cut();
      await postgres.stop();
    },
  };
});

import { Logger } from '@nestjs/common';
import { startRabbitMq } from '@podway/testing/rabbitmq';
import type { Broker } from '../broker.js';
import { brokerContract, contractTopology, TcpRelay } from '../testing/broker-contract.js';
import { AmqpBroker } from './amqp-broker.js';

Logger.overrideLogger(false);

brokerContract('AmqpBroker', async () => {
  const rabbit = await startRabbitMq();
  const relays = new Map<Broker, TcpRelay>();
  return {
    async open(options) {
      const relay = await TcpRelay.to(rabbit.port);
      const broker = new AmqpBroker({ url: relay.through(rabbit.url), ...options });
      relays.set(broker, relay);
      await broker.declare(contractTopology);
      return broker;
    },
    async crash(broker) {
      await relays.get(broker)?.cut();
    },
    kill: () => rabbit.kill(),
    start: () => rabbit.start(),
    async close() {
      for (const relay of relays.values()) await relay.cut();
      await rabbit.stop();
    },
  };
});

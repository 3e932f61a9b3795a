import { envelop, parseMessage, StepProgressed } from '@podway/contracts';
import type { Broker, Delivery, Disposition, OutgoingMessage } from '../broker.js';
import { exchanges, type Topology } from '../topology.js';

/** What an adapter's spec brings to the contract. */
export interface BrokerHarness {
  /** A broker as a process of its own has it, with {@link contractTopology} declared. */
  open(options?: { publishTimeoutMs?: number }): Promise<Broker>;
  /** The process behind this broker dies: all its connections end, nothing is said. */
  crash(broker: Broker): Promise<void>;
  /** kill -9 of the server. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export const queueNames = Array.from({ length: 24 }, (_, n) => `podway.contract.queue-${n}`);
export const topicQueue = 'podway.contract.topic';

/** Short delays; one queue for each test, for making queues takes RabbitMQ a while. */
export const contractTopology: Topology = {
  queues: [
    ...queueNames.map((name) => ({ name, bindings: [{ exchange: exchanges.commands, key: name }] })),
    { name: topicQueue, bindings: [{ exchange: exchanges.events, key: 'acme.*.snapshot.#' }] },
  ],
  retry: { delaysMs: [40, 120, 240], maxTries: 4, deliveryLimit: 3 },
};

export const ack: Disposition = { kind: 'ack' };

/** A real message that carries `n`. */
export function numbered(n: number, to: Partial<OutgoingMessage> & { routingKey: string }): OutgoingMessage {
  const payload = Object.assign(new StepProgressed(), {
    deploymentId: '01JZZZZZZZZZZZZZZZZZZZZZZZ',
    step: 'Installing',
    attempt: n + 1,
    message: 'copying',
  });
  return { exchange: exchanges.commands, envelope: envelop(payload, { source: 'contract' }), ...to };
}

export function numberIn({ body }: Pick<Delivery, 'body'>): number {
  return (parseMessage(body).payload as StepProgressed).attempt - 1;
}

/** A promise and its end. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

import { Controller, Inject } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperationsView } from '@podway/contracts';
import type { Broker } from '@podway/messaging';
import { OperationsReader } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { BROKER } from '../tokens.js';
import { outboxesOf, stagesOf, waitingOf, workerView } from './operations.view.js';
import { QueueWatching } from './queue-watching.js';

const WINDOW_MS = 24 * 3_600_000;
/** Whoever asks wants to know what goes wrong, also when it is the broker. */
const BROKER_PATIENCE_MS = 2_000;

/** How the service itself fares. */
@Controller()
export class OperationsController {
  constructor(
    private readonly reader: OperationsReader,
    @Inject(BROKER) private readonly broker: Broker,
    private readonly queues: QueueWatching,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/operations',
    operationId: 'getOperations',
    summary: 'What waits, who works, and how long each stage takes',
    role: 'operator',
    answer: { status: 200, description: 'Numbers of now, and of the last 24 hours.', json: OperationsView },
  })
  async now(): Promise<OperationsView> {
    const [{ census, stages, workers, gateways }, messages] = await Promise.all([
      this.reader.read(WINDOW_MS),
      this.messages(),
    ]);
    return {
      at: new Date().toISOString(),
      windowMs: WINDOW_MS,
      stages: stagesOf(census.running, stages),
      ...messages,
      outboxes: outboxesOf(census.outboxes),
      waiting: waitingOf(census.waiting),
      workers: workers.map(workerView),
      gateways,
    };
  }

  /** What the broker tells, if it tells anything in time. */
  private async messages(): Promise<Pick<OperationsView, 'queues' | 'deadLetters'>> {
    const over = new AbortController();
    const asked = Promise.all([this.queues.backlog(), this.broker.deadLetters().count()])
      .then(([queues, deadLetters]) => ({ queues, deadLetters }))
      .catch(() => ({}));
    const late = sleep(BROKER_PATIENCE_MS, {}, { signal: over.signal }).catch(() => ({}));
    try {
      return await Promise.race([asked, late]);
    } finally {
      over.abort();
    }
  }
}

import { Module } from '@nestjs/common';
import { checkSagaTable } from '@podway/pipeline';
import { EventNumbering, EventPublisher, OutboxRelay, SagaStore } from '@podway/persistence';
import { defineService, startMicroservice } from '@podway/service-kit';
import { CoordinatorSettings, limitsOf } from './coordinator.config.js';
import { deadlineWatch, forgottenWatch } from './deadline-watch.js';
import { OutcomesHandler } from './outcomes.handler.js';
import { Saga } from './saga.js';

/** A message id is remembered for longer than any broker keeps a message back. */
const INBOX_DAYS = 14;
const PRUNE_EVERY_MS = 3_600_000;

/** Content distributor 134: the only writer of deployment state. */
export const service = defineService({
  name: 'saga-coordinator',
  settings: CoordinatorSettings,
  async start({ settings, infrastructure, logger }) {
    checkSagaTable();
    const { dataSource, broker } = infrastructure;
    const onTrouble = (error: unknown): void => logger.warn({ err: error }, 'a message waits in the outbox');
    const outbox = new OutboxRelay(dataSource, 'coordinator', broker, onTrouble);
    const publisher = new EventPublisher(dataSource, broker, onTrouble);
    const numbering = new EventNumbering(dataSource, () => publisher.wake(), onTrouble);
    const wake = (): void => {
      outbox.wake();
      numbering.wake();
    };
    const store = new SagaStore(dataSource);
    const saga = new Saga(store, limitsOf(settings), wake, logger);
    const watches = [deadlineWatch(saga, settings.deadlinePollMs, logger), forgottenWatch(saga, logger)];

    @Module({ controllers: [OutcomesHandler], providers: [{ provide: Saga, useValue: saga }] })
    class CoordinatorModule {}

    const worker = await startMicroservice('saga-coordinator', CoordinatorModule, { infrastructure, logger });
    const relays = [...watches, outbox, numbering, publisher];
    for (const relay of relays) relay.start();
    const pruning = setInterval(() => {
      store.pruneInbox(INBOX_DAYS).catch(onTrouble);
    }, PRUNE_EVERY_MS);
    return {
      ready: () => worker.ready(),
      async stop() {
        clearInterval(pruning);
        await worker.stop();
        await Promise.all(relays.map((relay) => relay.stop()));
      },
    };
  },
});

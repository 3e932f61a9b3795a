import { Module } from '@nestjs/common';
import { checkSagaTable } from '@podway/pipeline';
import {
  DriftStore,
  EventNumbering,
  EventPublisher,
  OutboxRelay,
  SagaStore,
  takeCensus,
  type Relay,
} from '@podway/persistence';
import { defineService, startMicroservice, telemetryOf } from '@podway/service-kit';
import { CensusMetrics } from './census-metrics.js';
import { CommittedMoves } from './committed-moves.js';
import { CoordinatorSettings, driftLimitsOf, limitsOf } from './coordinator.config.js';
import { DeploymentTelemetry } from './deployment-telemetry.js';
import { Drift } from './drift.js';
import { deadlineWatch, driftWatch, forgottenWatch, turnWatch } from './watches.js';
import { OutcomesHandler } from './outcomes.handler.js';
import { Saga } from './saga.js';

/** A message id is remembered for longer than any broker keeps a message back. */
const INBOX_DAYS = 14;
const PRUNE_EVERY_MS = 3_600_000;

/** Content distributor 134: the only writer of deployment state. */
export const service = defineService({
  name: 'saga-coordinator',
  settings: CoordinatorSettings,
  async start(context) {
    const { settings, infrastructure, logger } = context;
    checkSagaTable();
    const { dataSource, broker } = infrastructure;
    const onTrouble = (error: unknown): void => logger.warn({ err: error }, 'a message waits in the outbox');
    const outbox = new OutboxRelay(dataSource, 'coordinator', broker, onTrouble);
    const publisher = new EventPublisher(dataSource, broker, onTrouble);
    const numbering = new EventNumbering(dataSource, () => publisher.wake(), onTrouble);
    const wake = (): void => {
      outbox.wake();
      numbering.wake();
      turns.wake();
    };
    const wakeLooks = (): void => {
      wake();
      looks.wake();
    };
    const store = new SagaStore(dataSource);
    const telemetry = telemetryOf(context);
    const told = new DeploymentTelemetry(telemetry);
    const moves = new CommittedMoves(store, (move) => told.committed(move));
    const saga = new Saga(store, moves, limitsOf(settings), wake, logger);
    const drift = new Drift(
      new DriftStore(dataSource),
      driftLimitsOf(settings),
      limitsOf(settings),
      wakeLooks,
      logger,
      telemetry.tracer,
    );
    const looks: Relay = driftWatch(drift, settings.driftPollMs, logger);
    const turns: Relay = turnWatch(saga, settings.turnPollMs, logger);
    const watches = [
      deadlineWatch(saga, settings.deadlinePollMs, logger),
      forgottenWatch(saga, logger),
      turns,
      looks,
    ];

    // Read when they are scraped.
    new CensusMetrics(telemetry.metrics, () => takeCensus(dataSource), broker.deadLetters(), logger);

    const providers = [
      { provide: Saga, useValue: saga },
      { provide: Drift, useValue: drift },
    ];
    @Module({ controllers: [OutcomesHandler], providers })
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

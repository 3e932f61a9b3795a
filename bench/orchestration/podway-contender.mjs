import { service } from '@podway/saga-coordinator';
import { DeploymentChanged, envelop, messageOf, UpdateSubmitted } from '@podway/contracts';
import { AmqpBroker, podwayTopology, routed } from '@podway/messaging';
import { connectDatabase, EventFeed, migrate, PostgresBroker } from '@podway/persistence';
import { createLogger, openInfrastructure, readSettings } from '@podway/service-kit';
import { ulid } from 'ulid';
import { answerCommands } from './stub-outcomes.mjs';

const CHANGED = messageOf(DeploymentChanged).type;
const ENDED = new Set(['Succeeded', 'Failed', 'Rejected', 'Aborted', 'RolledBack', 'RollbackFailed']);

/**
 * The real coordinator, with workers that answer at once. A deployment counts from the moment its UpdateSubmitted is
 * published until `Succeeded` is read from the public event log, where the gateway and the CLI read it.
 */
export class PodwayContender {
  waiting = new Map();
  pods = 0;
  last = 0;

  constructor(name, { databaseUrl, amqpUrl }) {
    Object.assign(this, { name, databaseUrl, amqpUrl });
  }

  async start() {
    const database = await connectDatabase({ url: this.databaseUrl });
    await migrate(database);
    await database.destroy();
    const env = { DATABASE_URL: this.databaseUrl, AMQP_URL: this.amqpUrl ?? '', PODWAY_LOG_LEVEL: 'warn' };
    const settings = readSettings(service.settings, env);
    const logger = createLogger('bench', settings.logLevel);
    this.infrastructure = await openInfrastructure(settings, 'bench', logger);
    this.coordinator = await service.start({ settings, infrastructure: this.infrastructure, logger });
    // Connections of their own, as workers and gateway have when they are processes of their own.
    this.others = this.amqpUrl
      ? new AmqpBroker({ url: this.amqpUrl, name: 'bench workers' })
      : new PostgresBroker({ connectionString: this.databaseUrl });
    await this.others.declare(podwayTopology());
    await answerCommands(this.others);
    this.feed = new EventFeed(this.infrastructure.dataSource, this.databaseUrl);
    this.feed.onMore(() => void this.read());
    this.feed.start();
  }

  /** One deployment, on a POD of its own. Resolves when it has succeeded. */
  deploy() {
    this.pods += 1;
    const deploymentId = ulid();
    const submitted = Object.assign(new UpdateSubmitted(), {
      updateId: ulid(),
      deploymentId,
      publisher: { key: 'bench', client: 'bench' },
      source: { kind: 'artifact', artifact: 'a'.repeat(64) },
      target: { pod: `pod-${this.pods}` },
      submittedAt: new Date().toISOString(),
    });
    const ended = new Promise((resolve, reject) => this.waiting.set(deploymentId, { resolve, reject }));
    const sent = this.others.publish(routed(envelop(submitted, { source: 'ingress-gateway', deploymentId })));
    return Promise.all([sent, ended]);
  }

  async read() {
    this.more = true;
    if (this.reading) return;
    this.reading = true;
    while (this.more) {
      this.more = false;
      const events = await this.feed.after(this.last, { types: [CHANGED] });
      for (const event of events) this.settle(event);
      if (events.length > 0) this.more = true;
    }
    this.reading = false;
  }

  settle({ sequence, data }) {
    this.last = Number(sequence);
    if (!ENDED.has(data.to)) return;
    const waiting = this.waiting.get(data.deploymentId);
    this.waiting.delete(data.deploymentId);
    if (data.to === 'Succeeded') waiting?.resolve();
    else waiting?.reject(new Error(`A deployment ended as ${data.to}: ${data.detail}`));
  }

  async stop() {
    await this.feed?.close();
    await this.others?.close();
    await this.coordinator?.stop();
    await this.infrastructure?.close();
  }
}

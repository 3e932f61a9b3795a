import type { Logger } from 'pino';
import type { ArtifactStore } from '@podway/artifacts';
import { InventoryHostSessions, type HostSessions } from '@podway/hosts';
import { AmqpBroker, podwayTopology, type Broker } from '@podway/messaging';
import { connectDatabase, PostgresBroker, type Database } from '@podway/persistence';
import type { MessagingSystem } from '@podway/telemetry';
import { artifactStore } from './artifact-store.js';
import type { CommonSettings } from './common-settings.js';

/** What all services of one process share. */
export interface Infrastructure {
  readonly broker: Broker;
  readonly brokerSystem: MessagingSystem;
  readonly dataSource: Database;
  /** For connections of their own: LISTEN needs one. */
  readonly databaseUrl: string;
  readonly artifacts: ArtifactStore;
  readonly hosts: HostSessions;
  close(): Promise<void>;
}

/** Connects to broker and database, and declares the topology. `name` is shown to both. */
export async function openInfrastructure(
  settings: CommonSettings,
  name: string,
  logger: Logger,
): Promise<Infrastructure> {
  const dataSource = await connectDatabase({ url: settings.databaseUrl, applicationName: `podway ${name}` });
  const onTrouble = (error: unknown): void => logger.warn({ err: error }, 'broker trouble');
  const broker: Broker = settings.amqpUrl
    ? new AmqpBroker({ url: settings.amqpUrl, name: `podway ${name}` })
    : new PostgresBroker({ connectionString: settings.databaseUrl, onTrouble });
  await broker.declare(podwayTopology());
  const hosts = new InventoryHostSessions({
    allowLocal: settings.allowLocalServers,
    ssh: { identityFile: settings.sshKey },
  });
  return {
    broker,
    brokerSystem: settings.amqpUrl ? 'rabbitmq' : 'podway',
    dataSource,
    databaseUrl: settings.databaseUrl,
    artifacts: artifactStore(settings),
    hosts,
    close: async () => {
      await broker.close();
      await hosts.close();
      await dataSource.destroy();
    },
  };
}

import type { Logger } from 'pino';
import { PodwayError } from '@podway/contracts';
import { isMigrated } from '@podway/persistence';
import type { CommonSettings } from './common-settings.js';
import { listenForHealth } from './health.js';
import { openInfrastructure } from './infrastructure.js';
import { createLogger } from './logging.js';
import type { RunningService, ServiceDefinition } from './service.js';
import { InvalidSettingsError, readSettings } from './settings.js';
import { startService, startWatching } from './start-service.js';

/** The schema is not that of this version. */
export class NotMigratedError extends PodwayError {
  constructor() {
    super(
      'DATABASE.NOT_MIGRATED',
      'The database is not migrated: run the one-shot migration first (npm run migrate)',
    );
  }
}

/** The `main` of a service as a process of its own: settings, connections, health, signals. */
export async function runService<S extends CommonSettings>(definition: ServiceDefinition<S>): Promise<void> {
  const settings = settingsOrExit(definition);
  const logger = createLogger(definition.name, settings.logLevel);
  try {
    await start(definition, settings, logger);
  } catch (error) {
    logger.fatal({ err: error }, 'the service could not start');
    process.exit(1);
  }
}

async function start<S extends CommonSettings>(
  definition: ServiceDefinition<S>,
  settings: S,
  logger: Logger,
): Promise<void> {
  const watching = await startWatching(settings);
  const infrastructure = await openInfrastructure(settings, definition.name, logger);
  let service: RunningService | undefined = undefined as RunningService | undefined;
  const ready = async (): Promise<boolean> => service !== undefined && (await service.ready());
  const health =
    settings.healthPort === undefined
      ? undefined
      : await listenForHealth(
          ready,
          { host: settings.healthHost, port: settings.healthPort },
          logger,
          watching.registry,
        );

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    stopping = true;
    logger.info({ signal }, 'stopping');
    const forced = setTimeout(() => {
      logger.warn('work was still running; it will be taken up again by its marker');
      process.exit(0);
    }, settings.stopTimeoutMs);
    forced.unref();
    await service?.stop();
    await health?.close();
    await infrastructure.close();
    await watching.tracing.stop();
    logger.info('stopped');
    process.exit(0);
  };
  process.once('SIGTERM', (signal) => void stop(signal));
  process.once('SIGINT', (signal) => void stop(signal));

  try {
    if (!(await isMigrated(infrastructure.dataSource))) throw new NotMigratedError();
    service = await startService(definition, { settings, infrastructure, logger }, watching);
    logger.info('ready');
  } catch (error) {
    // What it needs was taken away under it.
    if (!stopping) throw error;
  }
}

function settingsOrExit<S extends CommonSettings>(definition: ServiceDefinition<S>): S {
  try {
    return readSettings(definition.settings);
  } catch (error) {
    if (!(error instanceof InvalidSettingsError)) throw error;
    process.stderr.write(`${definition.name}: ${error.message}\n`);
    process.exit(2);
  }
}

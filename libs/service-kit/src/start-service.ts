import type { Logger } from 'pino';
import {
  MetricsRegistry,
  ObservedBroker,
  ObservedHostSessions,
  startTracing,
  type Telemetry,
  type Tracing,
} from '@podway/telemetry';
import type { CommonSettings } from './common-settings.js';
import type { Infrastructure } from './infrastructure.js';
import type { RunningService, ServiceDefinition } from './service.js';

/** What one process tells about its work, whichever services it has. */
export interface Watching {
  readonly registry: MetricsRegistry;
  readonly tracing: Tracing;
}

export async function startWatching({
  otlpEndpoint,
}: Pick<CommonSettings, 'otlpEndpoint'>): Promise<Watching> {
  return { registry: new MetricsRegistry(), tracing: await startTracing(otlpEndpoint) };
}

/** Starts a service whose work is counted and traced, by its name. */
export function startService<S extends object>(
  definition: ServiceDefinition<S>,
  context: { settings: S; infrastructure: Infrastructure; logger: Logger },
  { registry, tracing }: Watching,
): Promise<RunningService> {
  const { name } = definition;
  const telemetry = { metrics: registry.of(name), tracer: tracing.tracer(name) };
  const infrastructure = observed(context.infrastructure, telemetry);
  return definition.start({ ...context, infrastructure, telemetry });
}

function observed(infrastructure: Infrastructure, telemetry: Telemetry): Infrastructure {
  const { broker, hosts, brokerSystem } = infrastructure;
  return {
    ...infrastructure,
    broker: new ObservedBroker(broker, telemetry, brokerSystem),
    hosts: new ObservedHostSessions(hosts, telemetry),
  };
}

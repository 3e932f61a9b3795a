import type { ServiceName } from '@podway/contracts';
import { unwatched, type Telemetry } from '@podway/telemetry';
import type { Infrastructure } from './infrastructure.js';
import type { Logger } from 'pino';

/** What a service is given when it starts. */
export interface ServiceContext<S extends object> {
  readonly settings: S;
  readonly infrastructure: Infrastructure;
  readonly logger: Logger;
  /** Unset: nobody watches. */
  readonly telemetry?: Telemetry;
}

/** What the service tells about its work to. */
export function telemetryOf({ telemetry }: Pick<ServiceContext<object>, 'telemetry'>): Telemetry {
  return telemetry ?? unwatched();
}

/** A started service. */
export interface RunningService {
  /** Whether it can do its work now: its consumers run and what it needs answers. */
  ready(): boolean | Promise<boolean>;
  /** Takes no new work, waits for what runs, then ends. */
  stop(): Promise<void>;
}

/** One step of FIG. 2 as a program: how every process, and the all-in-one, starts it. */
export interface ServiceDefinition<S extends object = object> {
  readonly name: ServiceName;
  /** Validated before anything starts. */
  readonly settings: new () => S;
  start(context: ServiceContext<S>): Promise<RunningService>;
}

/** Keeps the settings type of a definition, and nothing more. */
export function defineService<S extends object>(definition: ServiceDefinition<S>): ServiceDefinition<S> {
  return definition;
}

import {
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Min,
} from 'class-validator';
import { deploymentStates, type DeploymentState } from '../deployment-states.js';
import { Nested } from '../forms.js';
import { ULID } from '../patterns.js';
import { services, type ServiceName } from '../registry.js';

/** How long deployments are in one state of the saga. */
export class StageTimesView {
  @IsIn(deploymentStates)
  stage: DeploymentState;

  /** Deployments in it now. */
  @IsInt()
  @Min(0)
  now: number;

  /** How long the one that is longest in it has been there. */
  @IsOptional()
  @IsInt()
  @Min(0)
  oldestMs?: number;

  /** How often deployments that ended within the window have left it. */
  @IsInt()
  @Min(0)
  left: number;

  /** Half of those took no longer. Unset: there were none. */
  @IsOptional()
  @IsNumber()
  p50Ms?: number;

  /** 95 of 100 took no longer. */
  @IsOptional()
  @IsNumber()
  p95Ms?: number;
}

/** What waits on one queue of the broker. */
export class QueueBacklogView {
  @IsString()
  queue: string;

  /** Messages that a consumer could have now. */
  @IsInt()
  @Min(0)
  waiting: number;

  /** Messages in consumers' hands. Unset: the broker does not tell. */
  @IsOptional()
  @IsInt()
  @Min(0)
  inHand?: number;

  /** Messages that come back after a delay. Unset: the broker does not tell by queue. */
  @IsOptional()
  @IsInt()
  @Min(0)
  delayed?: number;

  /**
   * How long the oldest of those that wait could have been had. With RabbitMQ at most, as seen every 5 seconds.
   * Unset: none was seen to wait.
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  oldestMs?: number;
}

/** Committed messages that the broker has not confirmed yet. */
export class OutboxView {
  @IsString()
  outbox: string;

  @IsInt()
  @Min(0)
  count: number;

  /** Age of the oldest. */
  @IsInt()
  @Min(0)
  oldestMs: number;
}

/** Updates that wait for their PODs. */
export class WaitingUpdatesView {
  @IsInt()
  @Min(0)
  updates: number;

  /** How many PODs they wait for. */
  @IsInt()
  @Min(0)
  pods: number;

  /** How long ago the oldest was accepted; 0 without any. */
  @IsInt()
  @Min(0)
  oldestMs: number;
}

/** A process, or a part of one, that does steps on servers. */
export class WorkerView {
  @Matches(ULID)
  id: string;

  @IsIn(services)
  service: ServiceName;

  /** The machine that it runs on, as it calls itself. */
  @IsString()
  host: string;

  @IsISO8601({ strict: true })
  startedAt: string;

  /** Its last sign of life. */
  @IsISO8601({ strict: true })
  seenAt: string;

  /** Steps at work. */
  @IsInt()
  @Min(0)
  running: number;

  /** Steps that it does at once, at most. */
  @IsInt()
  @Min(0)
  capacity: number;

  /** Commands that it runs on servers over SSH: a session each (RFC 4254). */
  @IsInt()
  @Min(0)
  sshSessions: number;
}

/** How the service itself fares, at one moment. */
export class OperationsView {
  @IsISO8601({ strict: true })
  at: string;

  /** How far back the times of stages go. */
  @IsInt()
  @Min(1)
  windowMs: number;

  /** In the order of the saga. Only where something is or was. */
  @IsArray()
  @Nested(() => StageTimesView)
  stages: StageTimesView[];

  /** Unset: the broker did not answer in time. */
  @IsOptional()
  @IsArray()
  @Nested(() => QueueBacklogView, { optional: true })
  queues?: QueueBacklogView[];

  /** Dead letters of all queues. Unset: the broker did not answer in time. */
  @IsOptional()
  @IsInt()
  @Min(0)
  deadLetters?: number;

  @IsArray()
  @Nested(() => OutboxView)
  outboxes: OutboxView[];

  @Nested(() => WaitingUpdatesView)
  waiting: WaitingUpdatesView;

  /** Those that gave a sign of life within a minute. */
  @IsArray()
  @Nested(() => WorkerView)
  workers: WorkerView[];

  /** Gateways that route accesses now. */
  @IsInt()
  @Min(0)
  gateways: number;
}

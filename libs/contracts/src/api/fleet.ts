import { Type } from 'class-transformer';
import {
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { shownStates, type ShownState } from '../deployment-states.js';
import { environments, type Environment } from '../documents/environment.js';
import { Nested } from '../forms.js';
import { NAME, ULID } from '../patterns.js';
import { PauseView } from './pods.js';

/**
 * How a POD is, the worst first. broken: a roll-back failed. degraded: a server is quarantined, has drifted, or is out of
 * rotation although nothing runs. failed: the last update did not succeed; the state before is in force. updating: an
 * update runs. empty: it has no release yet. healthy: none of these.
 */
export const podHealths = ['broken', 'degraded', 'failed', 'updating', 'empty', 'healthy'] as const;
export type PodHealth = (typeof podHealths)[number];

/** What PODs of the fleet can be looked for by: how they are, and what else is the matter. */
export const fleetFilters = [...podHealths, 'drifted', 'waiting', 'paused'] as const;
export type FleetFilter = (typeof fleetFilters)[number];

/** Query of `GET /v1/fleet`. */
export class FleetQuery {
  /** Only PODs of which this is so. */
  @IsOptional()
  @IsIn(fleetFilters)
  show?: FleetFilter;

  /** Only PODs whose name, client or host has this in it. */
  @IsOptional()
  @IsString()
  @MaxLength(63)
  find?: string;

  /** Most entries. Default 50. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** `next` of the page before. */
  @IsOptional()
  @Matches(/^[0-9]\.[a-z0-9-]{1,63}$/)
  after?: string;
}

/** A deployment in the fleet's list. */
export class FleetDeploymentView {
  @Matches(ULID)
  id: string;

  @IsIn(shownStates)
  state: ShownState;

  @IsOptional()
  @IsString()
  label?: string;

  /** When it was last changed. */
  @IsISO8601({ strict: true })
  at: string;
}

/** One POD of the fleet. */
export class FleetPodView {
  @Matches(NAME)
  name: string;

  @Matches(NAME)
  client: string;

  @IsIn(podHealths)
  health: PodHealth;

  @IsArray()
  @IsString({ each: true })
  hosts: string[];

  @IsInt()
  @Min(0)
  serverCount: number;

  /** Servers that get no accesses. */
  @IsInt()
  @Min(0)
  outCount: number;

  /** Servers that are no longer as they were proved. */
  @IsInt()
  @Min(0)
  driftedCount: number;

  @IsInt()
  @Min(0)
  quarantinedCount: number;

  /** When its servers were last looked at: the server longest not seen. */
  @IsOptional()
  @IsISO8601({ strict: true })
  checkedAt?: string;

  /** Number of the current release. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  /** What the current release is, in the publisher's words. */
  @IsOptional()
  @IsString()
  releaseLabel?: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  releasedAt?: string;

  /** The deployment that owns the POD now. */
  @IsOptional()
  @Nested(() => FleetDeploymentView, { optional: true })
  running?: FleetDeploymentView;

  /** The last deployment that ended, unless it was refused or superseded. */
  @IsOptional()
  @Nested(() => FleetDeploymentView, { optional: true })
  last?: FleetDeploymentView;

  /** Deployments that wait for it. */
  @IsInt()
  @Min(0)
  queueLength: number;

  /** When the first of them was submitted. */
  @IsOptional()
  @IsISO8601({ strict: true })
  waitingSince?: string;

  /** Set while the POD is paused. */
  @IsOptional()
  @Nested(() => PauseView, { optional: true })
  paused?: PauseView;

  /** What it is for. Unset: its entry does not say, and it counts as production. */
  @IsOptional()
  @IsIn(environments)
  environment?: Environment;
}

/** How many PODs there are of which each is so. */
export class FleetTotals {
  @IsInt()
  @Min(0)
  all: number;

  @IsInt()
  @Min(0)
  broken: number;

  @IsInt()
  @Min(0)
  degraded: number;

  @IsInt()
  @Min(0)
  failed: number;

  @IsInt()
  @Min(0)
  updating: number;

  @IsInt()
  @Min(0)
  empty: number;

  @IsInt()
  @Min(0)
  healthy: number;

  @IsInt()
  @Min(0)
  drifted: number;

  @IsInt()
  @Min(0)
  waiting: number;

  @IsInt()
  @Min(0)
  paused: number;
}

/** A page of the PODs that the caller may see, the worst first. */
export class FleetView {
  /** Of all that the caller may see and that `find` finds, whatever is shown. */
  @Nested(() => FleetTotals)
  totals: FleetTotals;

  @IsArray()
  @Nested(() => FleetPodView)
  pods: FleetPodView[];

  /** What `after` is for the next page. Unset: this is the last. */
  @IsOptional()
  @IsString()
  next?: string;
}

import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsOptional,
  IsISO8601,
  IsString,
  Matches,
  Min,
} from 'class-validator';
import { BundleManifest } from '../documents/bundle-manifest.js';
import { probeKinds, type ProbeKind } from '../documents/checks.js';
import { installerKinds, type InstallerKind } from '../documents/component.js';
import { Prerequisites } from '../documents/prerequisites.js';
import { TreeChanges } from '../documents/state-changes.js';
import { Nested } from '../forms.js';
import { ERROR_CODE, NAME, ULID } from '../patterns.js';
import { WaitingView } from './deployments.js';
import { DifferenceEntry, MOST_DIFFERENCE_ENTRIES } from './uploads.js';

/** Body of `POST /v1/plans`: what a bundle holds, without its contents. */
export class PlanRequest {
  @Matches(NAME)
  pod: string;

  /** Its `podway.yaml`. */
  @IsDefined({ message: 'is missing' })
  @Nested(() => BundleManifest)
  manifest: BundleManifest;

  /** All of its entries, `podway.yaml` included. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_DIFFERENCE_ENTRIES)
  @Nested(() => DifferenceEntry)
  entries: DifferenceEntry[];

  /** Whether it will be signed. */
  @IsOptional()
  @IsBoolean()
  signed?: boolean;
}

/** Why something cannot be said, or would be refused. */
export class PlanProblemView {
  @Matches(ERROR_CODE)
  code: string;

  @IsString()
  detail: string;
}

export class PlannedComponentView {
  @Matches(NAME)
  name: string;

  @IsIn(installerKinds)
  installer: InstallerKind;
}

export class PlannedCheckView {
  /** Whose it is. */
  @IsIn(['pod', 'bundle'])
  of: 'pod' | 'bundle';

  @IsIn(probeKinds)
  probe: ProbeKind;

  @IsOptional()
  @IsString()
  name?: string;
}

/** What an update would do, as far as it can be told now. */
export class PlanView {
  @Matches(NAME)
  pod: string;

  @Matches(NAME)
  client: string;

  /** Number of the release that the POD is on. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  /** The server that would take it first now. */
  @IsOptional()
  @Matches(NAME)
  canary?: string;

  /** Why no canary can be named. */
  @IsOptional()
  @Nested(() => PlanProblemView, { optional: true })
  noCanary?: PlanProblemView;

  /** The servers that would get its verified state. */
  @IsArray()
  @Matches(NAME, { each: true })
  others: string[];

  /** Files of the bundle against those of the bundle that the release was made of. */
  @IsOptional()
  @Nested(() => TreeChanges, { optional: true })
  files?: TreeChanges;

  /** Why the files are not compared. */
  @IsOptional()
  @IsString()
  notCompared?: string;

  /** Of all files of the bundle. */
  @IsInt()
  @Min(0)
  bytes: number;

  /** Of those that the client has not stored yet: what is sent by difference. */
  @IsInt()
  @Min(0)
  bytesToSend: number;

  /** In the order in which they are applied. */
  @IsArray()
  @Nested(() => PlannedComponentView)
  components: PlannedComponentView[];

  @IsOptional()
  @Nested(() => Prerequisites, { optional: true })
  prerequisites?: Prerequisites;

  @IsArray()
  @Nested(() => PlannedCheckView)
  checks: PlannedCheckView[];

  /** Whether somebody has to approve the canary. */
  @IsBoolean()
  approval: boolean;

  /** Updates that come first: the one that runs, and those that wait. */
  @IsInt()
  @Min(0)
  before: number;

  /** The deployment that has the POD now. */
  @IsOptional()
  @Matches(ULID)
  runningDeployment?: string;

  /** Why it could not begin now even if nothing came first. */
  @IsOptional()
  @Nested(() => WaitingView, { optional: true })
  waiting?: WaitingView;

  /** When it may begin, by pauses and windows: now, later, or unset where nobody knows. */
  @IsOptional()
  @IsISO8601({ strict: true })
  beginsAt?: string;

  /** Why it would be refused. Empty: it would be accepted. */
  @IsArray()
  @Nested(() => PlanProblemView)
  refusals: PlanProblemView[];
}

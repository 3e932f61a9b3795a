import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsTimestamp, Nested } from '../forms.js';
import { ERROR_CODE, NAME, SHA256, ULID } from '../patterns.js';
import { DecidesFields } from '../rules.js';

/** The working steps of FIG. 2. A step has the name of the saga state that commands it. */
export const steps = [
  'Authenticating',
  'Resolving',
  'SelectingCanary',
  'Snapshotting',
  'Installing',
  'Verifying',
  'AwaitingCanaries',
  'AwaitingApproval',
  'Replicating',
  'Confirming',
  'RollingBack',
  'ConfirmingRollback',
] as const;
export type Step = (typeof steps)[number];

/** What every command to a worker carries. */
export class StepCommand {
  @Matches(ULID)
  deploymentId: string;

  @IsIn(steps)
  step: Step;

  /** 1 for the first try of the step. */
  @IsInt()
  @Min(1)
  attempt: number;

  /** When the coordinator gives up on this attempt unless progress arrives. RFC 3339, UTC. */
  @IsTimestamp()
  deadline: string;
}

/** What a command about a POD carries besides: whose, which, under which lease. */
export class PodCommand extends StepCommand {
  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;

  /** Revision of the POD's inventory entry that this deployment works with. */
  @IsInt()
  @Min(1)
  podRevision: number;

  /** Grows with every command to the POD. A server refuses an older one than it has seen. */
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  fencingToken: number;
}

/** What every outcome carries. Step and attempt are those of the command that it answers. */
export class StepOutcome {
  @Matches(ULID)
  deploymentId: string;

  @IsIn(steps)
  step: Step;

  @IsInt()
  @Min(1)
  attempt: number;
}

/** An outcome that tells what went wrong. */
export class FailedOutcome extends StepOutcome {
  /** Stable code, for example `SNAPSHOT.DISK_FULL`. */
  @Matches(ERROR_CODE)
  code: string;

  /** For people: what went wrong and, where known, what to do. */
  @IsString()
  @MaxLength(4000)
  detail: string;

  /** The server it happened on, where there is one. */
  @IsOptional()
  @Matches(NAME)
  server?: string;
}

/** Where the new state comes from: an uploaded artifact, or a release that the POD has kept. */
export class UpdateSource {
  @IsIn(['artifact', 'release'])
  @DecidesFields({
    artifact: { needs: ['artifact'] },
    release: { needs: ['release', 'treeId', 'fingerprint'], takes: ['artifact', 'acceptLoss'] },
  })
  kind: 'artifact' | 'release';

  /** SHA-256 of the artifact. For a release: the artifact that it was made from, where there is one. */
  @IsOptional()
  @Matches(SHA256)
  artifact?: string;

  /** For a release: its number. */
  @IsOptional()
  @IsInt()
  @Min(1)
  release?: number;

  /** For a release: the id of its kept state on the servers. */
  @IsOptional()
  @Matches(ULID)
  treeId?: string;

  /** For a release: the fingerprint that its state must have. */
  @IsOptional()
  @Matches(SHA256)
  fingerprint?: string;

  /** For a release: an operator lets it lose what users have written to databases since it was recorded. */
  @IsOptional()
  @IsBoolean()
  acceptLoss?: boolean;
}

/** Who published. `key` is the id of the credential, never the secret. */
export class Publisher {
  @IsString()
  @MaxLength(100)
  key: string;

  @Matches(NAME)
  client: string;
}

/** What a deployment aims at: a POD by its name. */
export class UpdateTarget {
  @Matches(NAME)
  pod: string;

  /** The client's resource that the update named, where it named one: the POD must still belong to it. */
  @IsOptional()
  @Matches(NAME)
  resource?: string;
}

/** The state of the canary before anything was changed, and what the POD is put back to. */
export class SnapshotRef {
  /** Server that the snapshot was taken on. */
  @Matches(NAME)
  server: string;

  /** Id of the live state then; unset when the server held no release yet. */
  @IsOptional()
  @Matches(ULID)
  treeId?: string;

  @Matches(SHA256)
  fingerprint: string;
}

export const serverResults = [
  'unchanged',
  'staged',
  'switched',
  'restored',
  'quarantined',
  'failed',
] as const;
export type ServerResult = (typeof serverResults)[number];

/** What became of one server in a step. */
export class ServerOutcome {
  @Matches(NAME)
  name: string;

  @IsIn(serverResults)
  result: ServerResult;

  /** The server's proved fingerprint, where the step proved it. */
  @IsOptional()
  @Matches(SHA256)
  fingerprint?: string;

  @IsOptional()
  @Matches(ERROR_CODE)
  code?: string;

  @IsOptional()
  @IsString()
  @MaxLength(2000)
  detail?: string;
}

export const verdicts = ['passed', 'failed', 'error', 'inconclusive'] as const;
/** failed: the server is wrong. error: the probe itself broke. inconclusive: neither could be told. */
export type Verdict = (typeof verdicts)[number];

/** How many samples of a check came to which verdict. */
export class SampleCounts {
  @IsInt()
  @Min(0)
  passed: number;

  @IsInt()
  @Min(0)
  failed: number;

  @IsInt()
  @Min(0)
  error: number;

  @IsInt()
  @Min(0)
  inconclusive: number;
}

/** A number that a check was judged by. */
export class Measure {
  /** What it is: `latency p95`. */
  @IsString()
  @MaxLength(100)
  what: string;

  @IsNumber()
  value: number;

  @IsOptional()
  @IsIn(['ms', 'share'])
  unit?: 'ms' | 'share';

  /** The same of the servers on the old release. */
  @IsOptional()
  @IsNumber()
  others?: number;

  /** Most that it could be. */
  @IsOptional()
  @IsNumber()
  max?: number;

  /** Least that it could be. */
  @IsOptional()
  @IsNumber()
  min?: number;

  /** Single values that it was made from: the last ones, at most 20. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @IsNumber({}, { each: true })
  values?: number[];
}

/** One probe's result on one server. */
export class ProbeEvidence {
  @Matches(NAME)
  server: string;

  /** The probe's name, for example `http GET /health`. */
  @IsString()
  @MaxLength(300)
  probe: string;

  @IsIn(verdicts)
  verdict: Verdict;

  /** What was seen, for people. */
  @IsString()
  @MaxLength(2000)
  detail: string;

  @IsInt()
  @Min(0)
  durationMs: number;

  /** Set when there was more than one sample. */
  @IsOptional()
  @Nested(() => SampleCounts, { optional: true })
  samples?: SampleCounts;

  /** What was measured, and what it was held against. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(8)
  @Nested(() => Measure, { optional: true })
  measures?: Measure[];

  /** How often the canary was looked at while it was watched. `durationMs` is the time of them all. */
  @IsOptional()
  @IsInt()
  @Min(1)
  rounds?: number;
}

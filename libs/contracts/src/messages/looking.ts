import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { StateChanges, MOST_CHANGES } from '../documents/state-changes.js';
import { Nested } from '../forms.js';
import { ERROR_CODE, NAME, SHA256, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';

/** The publisher of updates that Podway makes itself. No key has this id. */
export const OWN_PUBLISHER = 'podway';

/** A command that only looks at servers: it belongs to no deployment, and changes nothing. */
export class LookCommand {
  /** Names the look: its answer carries it. */
  @Matches(ULID)
  lookId: string;

  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;

  /** Revision of the POD's inventory entry that names the servers. */
  @IsInt()
  @Min(1)
  podRevision: number;
}

/** A state that the POD's servers keep: a release's. */
export class KeptState {
  /** Number of the release. */
  @IsInt()
  @Min(1)
  release: number;

  @Matches(ULID)
  treeId: string;

  @Matches(SHA256)
  fingerprint: string;
}

/** How do two kept releases differ? The answer goes to the record of the question. */
@Command('io.podway.releases.compare.v1', 'verifier')
export class CompareReleases extends LookCommand {
  @Nested(() => KeptState)
  from: KeptState;

  @Nested(() => KeptState)
  to: KeptState;

  /** Most entries. */
  @IsInt()
  @Min(1)
  @Max(MOST_CHANGES)
  limit: number;

  /** Only entries behind this path: the next page. */
  @IsOptional()
  @IsString()
  @MaxLength(4_096)
  after?: string;
}

/** Are the POD's servers fit for an update? The answer goes to the record of the question. */
@Command('io.podway.pod.diagnose.v1', 'verifier')
export class DiagnosePod extends LookCommand {}

/** Which server would take an update of the POD first? The answer goes to the record of the question. */
@Command('io.podway.canary.propose.v1', 'pod-resolver')
export class ProposeCanary extends LookCommand {}

/** Are the POD's servers still as they were proved? Sent while no deployment has the POD. */
@Command('io.podway.pod.check.v1', 'verifier')
export class CheckPod extends LookCommand {
  /** What they must be on. */
  @Nested(() => KeptState)
  expected: KeptState;

  /** Revision of the entry that the release was made with: it says what counts of the state. */
  @IsInt()
  @Min(1)
  stateRevision: number;

  /** Every file is read again, also those that seem untouched. */
  @IsBoolean()
  deep: boolean;
}

export const serverFindings = ['in-sync', 'drifted', 'unreachable', 'unknown'] as const;
/** unreachable: it does not answer. unknown: it does, but its state cannot be told. */
export type ServerFinding = (typeof serverFindings)[number];

/** What a look at one server has found. */
export class ServerLook {
  @Matches(NAME)
  name: string;

  @IsIn(serverFindings)
  finding: ServerFinding;

  /** Of its live state, where that could be told. */
  @IsOptional()
  @Matches(SHA256)
  fingerprint?: string;

  /** Its live state, where that is another than the release's. */
  @IsOptional()
  @Matches(ULID)
  treeId?: string;

  /** How the live state differs from the release, where both are known file by file. */
  @IsOptional()
  @Nested(() => StateChanges, { optional: true })
  changes?: StateChanges;

  @IsOptional()
  @Matches(ERROR_CODE)
  code?: string;

  @IsOptional()
  @IsString()
  @MaxLength(2000)
  detail?: string;
}

/** Every server of the POD was looked at. */
@Event('io.podway.pod.checked.v1')
export class PodChecked {
  @Matches(ULID)
  lookId: string;

  @Matches(NAME)
  pod: string;

  /** Number of the release that was expected. */
  @IsInt()
  @Min(1)
  release: number;

  @IsArray()
  @ArrayMaxSize(500)
  @Nested(() => ServerLook)
  servers: ServerLook[];
}

/** Somebody asks to look at a POD's servers now. */
@Event('io.podway.check.requested.v1')
export class CheckRequested {
  /** Id of the look. */
  @Matches(ULID)
  lookId: string;

  @Matches(NAME)
  pod: string;

  @IsBoolean()
  deep: boolean;

  /** Id of the credential of who asked. */
  @IsString()
  @MaxLength(100)
  by: string;
}

/** A server is no longer as it was proved. Published by the coordinator alone, when it is found and when it has changed again. */
@Event('io.podway.server.drifted.v1')
export class ServerDrifted {
  @Matches(NAME)
  server: string;

  /** Number of the release that it should be on. */
  @IsInt()
  @Min(1)
  release: number;

  /** That release's. */
  @Matches(SHA256)
  expected: string;

  /** Of its live state. */
  @Matches(SHA256)
  fingerprint: string;

  @IsOptional()
  @Nested(() => StateChanges, { optional: true })
  changes?: StateChanges;
}

/** A server that had drifted is as it was proved again. Published by the coordinator alone. */
@Event('io.podway.server.in-sync.v1')
export class ServerInSync {
  @Matches(NAME)
  server: string;

  @IsInt()
  @Min(1)
  release: number;

  @Matches(SHA256)
  fingerprint: string;
}

/** Servers of a POD have drifted, and they are not healed, or no longer. Published by the coordinator alone. */
@Event('io.podway.healing.stopped.v1')
export class HealingStopped {
  @IsArray()
  @ArrayMaxSize(500)
  @Matches(NAME, { each: true })
  servers: string[];

  /** Why, for people. */
  @IsString()
  @MaxLength(2000)
  reason: string;
}

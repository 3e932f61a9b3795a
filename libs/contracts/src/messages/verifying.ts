import { ArrayMaxSize, IsArray, IsIn, IsOptional, Matches } from 'class-validator';
import { Nested } from '../forms.js';
import { NAME, SHA256, ULID } from '../patterns.js';
import { Command, Event } from '../registry.js';
import {
  FailedOutcome,
  PodCommand,
  ProbeEvidence,
  ServerOutcome,
  StepOutcome,
  UpdateSource,
} from './step.js';

/** FIG. 2, 214: test the canary. */
@Command('io.podway.server.verify.v1', 'verifier')
export class VerifyServer extends PodCommand {
  @Matches(NAME)
  canary: string;

  /** The update's own checks are in its artifact. */
  @Nested(() => UpdateSource)
  source: UpdateSource;

  @Matches(ULID)
  treeId: string;

  @Matches(SHA256)
  fingerprint: string;
}

/** Every probe passed, and the canary's state is the one installed. */
@Event('io.podway.verification.passed.v1')
export class VerificationPassed extends StepOutcome {
  /** The verified state's fingerprint: what every other server must come to. */
  @Matches(SHA256)
  fingerprint: string;

  @IsArray()
  @Nested(() => ProbeEvidence)
  evidence: ProbeEvidence[];
}

/** At least one probe says that the canary is wrong. */
@Event('io.podway.verification.failed.v1')
export class VerificationFailed extends FailedOutcome {
  @IsArray()
  @Nested(() => ProbeEvidence)
  evidence: ProbeEvidence[];
}

/** No probe failed, but at least one could not tell. Treated as failed. */
@Event('io.podway.verification.inconclusive.v1')
export class VerificationInconclusive extends FailedOutcome {
  @IsArray()
  @Nested(() => ProbeEvidence)
  evidence: ProbeEvidence[];
}

/** Prove that the POD's servers are on one state, and that it is this one. */
@Command('io.podway.pod.confirm.v1', 'verifier')
export class ConfirmPod extends PodCommand {
  /** Servers that must agree. Quarantined ones are left out. */
  @IsArray()
  @ArrayMaxSize(500)
  @Matches(NAME, { each: true })
  servers: string[];

  /** `release`: the new state, with all probes. `snapshot`: the state before the deployment. */
  @IsIn(['release', 'snapshot'])
  expected: 'release' | 'snapshot';

  @IsOptional()
  @Nested(() => UpdateSource, { optional: true })
  source?: UpdateSource;

  /** Unset: the servers held no release. */
  @IsOptional()
  @Matches(ULID)
  treeId?: string;

  @Matches(SHA256)
  fingerprint: string;
}

/** All servers named are proved to be on the expected state and in rotation. */
@Event('io.podway.pod.confirmed.v1')
export class PodConfirmed extends StepOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];

  @IsArray()
  @Nested(() => ProbeEvidence)
  evidence: ProbeEvidence[];
}

/** At least one server is not on the expected state, or fails its probes. */
@Event('io.podway.pod.diverged.v1')
export class PodDiverged extends FailedOutcome {
  @IsArray()
  @Nested(() => ServerOutcome)
  servers: ServerOutcome[];

  @IsArray()
  @Nested(() => ProbeEvidence)
  evidence: ProbeEvidence[];
}

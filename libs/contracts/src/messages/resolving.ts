import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, Matches, Min } from 'class-validator';
import { promotions, type Promotion } from '../documents/promotion.js';
import { Nested } from '../forms.js';
import { NAME } from '../patterns.js';
import { Command, Event } from '../registry.js';
import { FailedOutcome, PodCommand, Publisher, StepCommand, StepOutcome, UpdateTarget } from './step.js';

/** FIG. 2, 208: which POD is the update for? */
@Command('io.podway.pod.resolve.v1', 'pod-resolver')
export class ResolvePod extends StepCommand {
  @Nested(() => Publisher)
  publisher: Publisher;

  @Nested(() => UpdateTarget)
  target: UpdateTarget;
}

/** The update's POD is known. */
@Event('io.podway.pod.resolved.v1')
export class PodResolved extends StepOutcome {
  @Matches(NAME)
  client: string;

  @Matches(NAME)
  pod: string;
}

/** No POD of this client answers to the target. */
@Event('io.podway.pod.unresolved.v1')
export class PodUnresolved extends FailedOutcome {}

/** Choose the server that takes the update first: healthy, least loaded, not quarantined. `podRevision` is 1 when unknown. */
@Command('io.podway.canary.select.v1', 'pod-resolver')
export class SelectCanary extends PodCommand {}

/** The canary is chosen, and with it the revision of the inventory that this deployment works with. */
@Event('io.podway.canary.selected.v1')
export class CanarySelected extends StepOutcome {
  @Matches(NAME)
  canary: string;

  /** The POD's other servers that take part. Quarantined ones are among them: they catch up. */
  @IsArray()
  @ArrayMaxSize(500)
  @Matches(NAME, { each: true })
  replicas: string[];

  @IsInt()
  @Min(1)
  podRevision: number;

  /** How long the canary, once it passed, waits for somebody's approval, in milliseconds. Unset: none is needed. */
  @IsOptional()
  @IsInt()
  @Min(1)
  approvalTimeoutMs?: number;

  /** How the other servers come to the release, where the POD says so. Unset: it is replicated to them. */
  @IsOptional()
  @IsIn(promotions)
  promotion?: Promotion;
}

/** No server of the POD can be the canary now. Nothing was touched. */
@Event('io.podway.canary.unavailable.v1')
export class CanaryUnavailable extends FailedOutcome {}

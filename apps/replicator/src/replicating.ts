import type { PodwayError, ReplicateRelease, ReplicationFailed, StepOutcome } from '@podway/contracts';
import { Promotion, promotionFailed, type PromotionParts, type StepWork } from '@podway/service-kit';
import type { StepContext } from '@podway/state';

/**
 * FIG. 2, 216: stage the canary's verified state on all other servers, then switch all.
 *
 * Nothing is switched before every server that goes on has the state proved beside its live one.
 */
export class Replicating implements StepWork<ReplicateRelease> {
  constructor(private readonly parts: PromotionParts) {}

  async execute(command: ReplicateRelease, context: StepContext): Promise<StepOutcome> {
    const promotion = await Promotion.begin(this.parts, command, context);
    context.progress(`staging on ${promotion.others.length} servers`);
    const { staged, bytesSent } = await promotion.stage(promotion.others);
    await promotion.canaryServes(staged);
    await promotion.switchTo(staged);
    return promotion.end(bytesSent);
  }

  failed(command: ReplicateRelease, error: PodwayError): ReplicationFailed {
    return promotionFailed(command, error);
  }
}

import { PodwayError } from '@podway/contracts';

/** A message that came too early. It is delivered again after a while. */
export class EarlyMessageError extends PodwayError {
  constructor(reason: string, deploymentId: string) {
    super('DEPLOYMENT.MESSAGE_EARLY', reason, { retryable: true, details: { deploymentId } });
  }
}

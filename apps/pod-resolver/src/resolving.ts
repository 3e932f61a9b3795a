import {
  PodResolved,
  PodUnresolved,
  PodwayError,
  type ResolvePod,
  type StepOutcome,
} from '@podway/contracts';
import type { Inventory } from '@podway/persistence';
import { failureOf, outcomeOf, type StepWork } from '@podway/service-kit';

/** No POD of the client answers to the target. */
export class PodUnknownError extends PodwayError {
  constructor(pod: string) {
    super('POD.UNKNOWN', `There is no POD ${pod} for this client`, { details: { pod } });
  }
}

/** FIG. 2, 208: which POD is the update for? */
export class Resolving implements StepWork<ResolvePod> {
  constructor(private readonly inventory: Inventory) {}

  async execute(command: ResolvePod): Promise<StepOutcome> {
    const { target, publisher } = command;
    const pod = await this.inventory.current(target.pod);
    const foreign = publisher.client !== '*' && publisher.client !== pod?.spec.client;
    if (!pod || foreign) throw new PodUnknownError(target.pod);
    return outcomeOf(PodResolved, command, { client: pod.spec.client, pod: pod.spec.name });
  }

  failed(command: ResolvePod, error: PodwayError): PodUnresolved {
    return failureOf(PodUnresolved, command, error);
  }
}

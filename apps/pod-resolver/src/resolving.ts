import {
  PodResolved,
  PodUnresolved,
  PodwayError,
  type ResolvePod,
  type StepOutcome,
} from '@podway/contracts';
import type { Inventory, Resources } from '@podway/persistence';
import { failureOf, outcomeOf, type StepWork } from '@podway/service-kit';

/** No POD of the client answers to the target. */
export class PodUnknownError extends PodwayError {
  constructor(pod: string) {
    super('POD.UNKNOWN', `There is no POD ${pod} for this client`, { details: { pod } });
  }
}

/** The POD serves the resource that the update named no longer. */
export class NotServedError extends PodwayError {
  constructor(resource: string, pod: string) {
    super('RESOURCE.NOT_SERVED', `POD ${pod} does not serve the resource ${resource} any more`, {
      details: { resource, pod },
    });
  }
}

/** FIG. 2, 208: which POD is the update for? */
export class Resolving implements StepWork<ResolvePod> {
  constructor(
    private readonly inventory: Inventory,
    private readonly resources: Resources,
  ) {}

  async execute(command: ResolvePod): Promise<StepOutcome> {
    const { target, publisher } = command;
    const pod = await this.inventory.current(target.pod);
    const foreign = publisher.client !== '*' && publisher.client !== pod?.spec.client;
    if (!pod || foreign) throw new PodUnknownError(target.pod);
    if (target.resource !== undefined) await this.prove(pod.spec.client, target.resource, target.pod);
    return outcomeOf(PodResolved, command, { client: pod.spec.client, pod: pod.spec.name });
  }

  /** The mapping may have changed since the update was accepted. */
  private async prove(client: string, resource: string, pod: string): Promise<void> {
    const found = await this.resources.find(client, resource);
    if (!found?.pods.includes(pod)) throw new NotServedError(resource, pod);
  }

  failed(command: ResolvePod, error: PodwayError): PodUnresolved {
    return failureOf(PodUnresolved, command, error);
  }
}

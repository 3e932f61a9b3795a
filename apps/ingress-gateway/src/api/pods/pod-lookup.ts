import { Injectable } from '@nestjs/common';
import { NAME } from '@podway/contracts';
import { Inventory, type Identity, type InventoryPod } from '@podway/persistence';
import { refuseUnlessAllowed } from '../identity/caller.js';
import { NotFoundError } from '../problems/api.errors.js';

/** Finds a POD as its caller sees it. */
@Injectable()
export class PodLookup {
  constructor(private readonly inventory: Inventory) {}

  /**
   * For what the request's endpoint does.
   * @throws NotFoundError for a POD that is missing or foreign; NotAllowedError for one that the caller may only look at.
   */
  async find(caller: Identity, name: string): Promise<InventoryPod> {
    const pod = NAME.test(name) ? await this.inventory.current(name) : undefined;
    const missing = new NotFoundError('pod', name);
    if (!pod) throw missing;
    refuseUnlessAllowed(caller, { client: pod.spec.client, pod: pod.spec.name }, missing);
    return pod;
  }
}

import { Injectable } from '@nestjs/common';
import { NAME } from '@podway/contracts';
import { Inventory, type Identity, type InventoryPod } from '@podway/persistence';
import { sees } from '../identity/caller.js';
import { NotFoundError } from '../problems/api.errors.js';

/** Finds a POD as its caller sees it. */
@Injectable()
export class PodLookup {
  constructor(private readonly inventory: Inventory) {}

  /** @throws NotFoundError for a POD that is missing or another client's. */
  async find(caller: Identity, name: string): Promise<InventoryPod> {
    const pod = NAME.test(name) ? await this.inventory.current(name) : undefined;
    if (!pod || !sees(caller, pod.spec.client)) throw new NotFoundError('pod', name);
    return pod;
  }
}

import { Injectable } from '@nestjs/common';
import { ULID, type DeploymentView } from '@podway/contracts';
import { DeploymentReader, Updates, type Identity } from '@podway/persistence';
import { refuseUnlessAllowed } from '../identity/caller.js';
import { NotFoundError } from '../problems/api.errors.js';
import { deploymentView, submittedView } from './deployment.view.js';

/** Finds deployments for who asks. */
@Injectable()
export class DeploymentLookup {
  constructor(
    private readonly deployments: DeploymentReader,
    private readonly updates: Updates,
  ) {}

  /** @throws NotFoundError also when it is not the caller's to see. */
  async find(caller: Identity, id: string): Promise<DeploymentView> {
    const missing = new NotFoundError('deployment', id);
    const view = await this.view(id);
    if (!view) throw missing;
    refuseUnlessAllowed(caller, view, missing);
    return view;
  }

  async view(id: string): Promise<DeploymentView | undefined> {
    if (!ULID.test(id)) return undefined;
    const deployment = await this.deployments.byId(id);
    if (deployment) return deploymentView(deployment);
    const update = await this.updates.byDeployment(id);
    return update ? submittedView(update) : undefined;
  }
}

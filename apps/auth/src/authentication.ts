import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { ArtifactStore } from '@podway/artifacts';
import {
  PodwayError,
  UpdateAuthenticated,
  UpdateRejected,
  type AuthenticateUpdate,
  type StepOutcome,
} from '@podway/contracts';
import { roles, type ApiKeys, type Identity, type Inventory } from '@podway/persistence';
import { failureOf, outcomeOf, type StepWork } from '@podway/service-kit';

/** The update is not allowed, or its artifact is not what it says. */
export class UpdateRefusedError extends PodwayError {}

/** FIG. 2, 206: the publisher, its right to the POD, and the artifact's digest. */
export class Authentication implements StepWork<AuthenticateUpdate> {
  constructor(
    private readonly keys: ApiKeys,
    private readonly inventory: Inventory,
    private readonly artifacts: ArtifactStore,
  ) {}

  async execute(command: AuthenticateUpdate): Promise<StepOutcome> {
    const identity = await this.keys.byId(command.publisher.key);
    if (!identity) throw new UpdateRefusedError('AUTH.KEY_INVALID', 'The key is revoked, expired or unknown');
    await this.authorise(identity, command);
    const { kind, artifact } = command.source;
    if (artifact !== undefined) await this.proveArtifact(artifact);
    else if (kind === 'artifact') throw new UpdateRefusedError('ARTIFACT.UNKNOWN', 'No artifact is named');
    return outcomeOf(UpdateAuthenticated, command, {});
  }

  failed(command: AuthenticateUpdate, error: PodwayError): UpdateRejected {
    return failureOf(UpdateRejected, command, error);
  }

  private async authorise(identity: Identity, { target }: AuthenticateUpdate): Promise<void> {
    if (roles.indexOf(identity.role) < roles.indexOf('publisher')) {
      throw new UpdateRefusedError('AUTH.ROLE_TOO_LOW', `The role ${identity.role} may not publish updates`);
    }
    const pod = await this.inventory.current(target.pod);
    // A POD of another client looks the same as one that is not there.
    if (!pod || (identity.client !== '*' && identity.client !== pod.spec.client)) {
      throw new UpdateRefusedError('POD.UNKNOWN', `There is no POD ${target.pod} for this client`);
    }
  }

  private async proveArtifact(digest: string): Promise<void> {
    const hash = createHash('sha256');
    await pipeline(await this.artifacts.open(digest), hash);
    if (hash.digest('hex') !== digest) {
      throw new UpdateRefusedError(
        'ARTIFACT.DIGEST_MISMATCH',
        `The stored artifact is not ${digest} any more`,
      );
    }
  }
}

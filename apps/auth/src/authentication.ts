import { createHash } from 'node:crypto';
import type { ArtifactStore } from '@podway/artifacts';
import {
  OWN_PUBLISHER,
  PodwayError,
  refuseForbiddenChecks,
  UpdateAuthenticated,
  UpdateRejected,
  type AuthenticateUpdate,
  type PodSpec,
  type StepOutcome,
  type UpdateStatement,
} from '@podway/contracts';
import {
  may,
  mayActAs,
  type Identity,
  type Inventory,
  type Publishers,
  type Updates,
} from '@podway/persistence';
import { otherSize, refuseOtherContent } from '@podway/contracts/signatures';
import { failureOf, outcomeOf, type StepWork } from '@podway/service-kit';
import type { SignatureCheck } from './signature-check.js';

/** The update is not allowed, or its artifact is not what it says. */
export class UpdateRefusedError extends PodwayError {}

/**
 * FIG. 2, 206: the publisher, its right to the POD, its signature, and the artifact: its client's, as its digest and
 * size say, and with no checks that the POD does not allow. All as of now.
 */
export class Authentication implements StepWork<AuthenticateUpdate> {
  constructor(
    private readonly publishers: Publishers,
    private readonly inventory: Inventory,
    private readonly updates: Updates,
    private readonly artifacts: ArtifactStore,
    private readonly signatures: Pick<SignatureCheck, 'prove'>,
  ) {}

  async execute(command: AuthenticateUpdate): Promise<StepOutcome> {
    if (command.publisher.key === OWN_PUBLISHER) return this.own(command);
    const identity = await this.publishers.byId(command.publisher.key);
    if (!identity) {
      throw new UpdateRefusedError(
        'AUTH.KEY_INVALID',
        'The publisher is revoked, expired, disabled or unknown',
      );
    }
    const spec = await this.authorise(identity, command);
    const statement = await this.signatures.prove(command, spec);
    const { kind, artifact } = command.source;
    if (statement && kind === 'release') refuseOtherContent(statement, { release: keptRelease(command) });
    if (artifact !== undefined)
      await this.proveArtifact(spec.client, artifact, kind === 'artifact' ? statement : undefined);
    else if (kind === 'artifact') throw new UpdateRefusedError('ARTIFACT.UNKNOWN', 'No artifact is named');
    // Of a kept release the verifier leaves out what is not allowed any more: going back may be the cure.
    if (kind === 'artifact' && artifact !== undefined)
      refuseForbiddenChecks(spec, (await this.updates.manifest(artifact))?.checks);
    return outcomeOf(UpdateAuthenticated, command, {});
  }

  /** Podway's own update, which heals servers: to a kept release of a POD of that client, and to nothing else. */
  private async own(command: AuthenticateUpdate): Promise<StepOutcome> {
    const { publisher, source, target } = command;
    const spec = (await this.inventory.current(target.pod))?.spec;
    if (spec?.client !== publisher.client)
      throw new UpdateRefusedError('POD.UNKNOWN', `There is no POD ${target.pod} for this client`);
    if (source.kind !== 'release')
      throw new UpdateRefusedError('AUTH.NOT_ALLOWED', 'Podway itself publishes nothing but kept releases');
    return outcomeOf(UpdateAuthenticated, command, {});
  }

  failed(command: AuthenticateUpdate, error: PodwayError): UpdateRejected {
    return failureOf(UpdateRejected, command, error);
  }

  private async authorise(identity: Identity, { target }: AuthenticateUpdate): Promise<PodSpec> {
    if (!mayActAs(identity, 'publisher')) {
      throw new UpdateRefusedError('AUTH.ROLE_TOO_LOW', `The role ${identity.role} may not publish updates`);
    }
    const spec = (await this.inventory.current(target.pod))?.spec;
    // A POD of another client looks the same as one that is not there.
    if (!spec || !may(identity, 'view', spec.client, target.pod)) {
      throw new UpdateRefusedError('POD.UNKNOWN', `There is no POD ${target.pod} for this client`);
    }
    if (!may(identity, 'publish', spec.client, target.pod)) {
      throw new UpdateRefusedError('AUTH.NOT_ALLOWED', `This publisher may see POD ${target.pod}, no more`);
    }
    return spec;
  }

  /** What was signed is read no further than its signed size. */
  private async proveArtifact(
    client: string,
    digest: string,
    statement: UpdateStatement | undefined,
  ): Promise<void> {
    // Whoever knows a digest could name another client's artifact.
    if (!(await this.updates.artifact(client, digest))) {
      throw new UpdateRefusedError('ARTIFACT.UNKNOWN', `The client has no artifact ${digest}`);
    }
    const hash = createHash('sha256');
    const signedBytes = statement?.artifact?.bytes ?? Infinity;
    let bytes = 0;
    for await (const chunk of (await this.artifacts.open(digest)) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > signedBytes) throw otherSize(signedBytes);
      hash.update(chunk);
    }
    if (statement) refuseOtherContent(statement, { artifact: { sha256: digest, bytes } });
    if (hash.digest('hex') !== digest) {
      throw new UpdateRefusedError(
        'ARTIFACT.DIGEST_MISMATCH',
        `The stored artifact is not ${digest} any more`,
      );
    }
  }
}

function keptRelease({ source }: AuthenticateUpdate): { number: number; fingerprint: string } {
  return { number: source.release ?? 0, fingerprint: source.fingerprint ?? '' };
}

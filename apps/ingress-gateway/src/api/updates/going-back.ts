import { Injectable } from '@nestjs/common';
import type { GoBackRequest } from '@podway/contracts';
import { DeploymentReader, type Identity, type ReleaseEntity } from '@podway/persistence';
import { PodLookup } from '../pods/pod-lookup.js';
import { NoEarlierReleaseError, NotFoundError } from '../problems/api.errors.js';
import { requestDigest } from './idempotency.js';
import { UpdateIntake, type Submission } from './update-intake.js';

export interface GoBackOptions {
  readonly caller: Identity;
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
}

/** More than any POD keeps. */
const RELEASES_LOOKED_AT = 2_000;

/** Publishes a release that the POD has kept: site-versioning. */
@Injectable()
export class GoingBack {
  constructor(
    private readonly deployments: DeploymentReader,
    private readonly pods: PodLookup,
    private readonly intake: UpdateIntake,
  ) {}

  async publish(request: GoBackRequest, options: GoBackOptions): Promise<Submission> {
    const { pod, release, label } = request;
    const digest = requestDigest({ kind: 'release', pod, release, label });
    const earlier = await this.intake.earlier(options.caller, options.idempotencyKey, digest);
    if (earlier) return earlier;
    const { spec } = await this.pods.find(options.caller, pod);
    const target = await this.target(spec.name, release);
    return this.intake.submit({
      ...options,
      client: spec.client,
      pod: spec.name,
      source: {
        kind: 'release',
        release: target.number,
        treeId: target.treeId,
        fingerprint: target.fingerprint,
        ...(target.artifact === null ? {} : { artifact: target.artifact }),
      },
      label: label ?? `back to release ${target.number}`,
      digest,
    });
  }

  private async target(pod: string, number: number | undefined): Promise<ReleaseEntity> {
    if (number === undefined) {
      const before = releaseBefore(await this.deployments.releases(pod, RELEASES_LOOKED_AT));
      if (!before) throw new NoEarlierReleaseError(pod);
      return before;
    }
    const release = await this.deployments.release(pod, number);
    if (!release) throw new NotFoundError('release', number);
    return release;
  }
}

/**
 * The release before the current one. A release that went back counts as the one that it went back to:
 * who goes back twice comes two releases further, not to where they came from.
 */
export function releaseBefore(newestFirst: readonly ReleaseEntity[]): ReleaseEntity | undefined {
  const byNumber = new Map(newestFirst.map((release) => [release.number, release]));
  let current = newestFirst[0];
  while (current?.sourceRelease) current = byNumber.get(current.sourceRelease);
  if (!current) return undefined;
  const { number } = current;
  return newestFirst.find((release) => release.number < number);
}

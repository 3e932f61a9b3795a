import { Injectable } from '@nestjs/common';
import type { GoBackRequest, SignedStatement } from '@podway/contracts';
import {
  ArtifactRecords,
  DeploymentReader,
  KeptReleases,
  ReleaseMarks,
  type Identity,
  type ReleaseEntity,
} from '@podway/persistence';
import { PodLookup } from '../pods/pod-lookup.js';
import { NoEarlierReleaseError, NotFoundError, ReleaseNotKeptError } from '../problems/api.errors.js';
import { SignatureIntake } from '../signing/signature-intake.js';
import { requestDigest, statementDigest } from './idempotency.js';
import { UpdateIntake, type Submission } from './update-intake.js';

export interface GoBackOptions {
  readonly caller: Identity;
  readonly signed?: SignedStatement;
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
    private readonly signatures: SignatureIntake,
    private readonly kept: KeptReleases,
    private readonly artifacts: ArtifactRecords,
    private readonly marks: ReleaseMarks,
  ) {}

  async publish(request: GoBackRequest, options: GoBackOptions): Promise<Submission> {
    const { pod, release, label, reason, force, urgent, acceptLoss } = request;
    const digest = requestDigest({
      ...{ kind: 'release', pod, release, label, reason, force, urgent, acceptLoss },
      statement: statementDigest(options.signed),
    });
    const earlier = await this.intake.earlier(options.caller, options.idempotencyKey, digest);
    if (earlier) return earlier;
    const { spec } = await this.pods.find(options.caller, pod);
    const target = await this.target(spec.name, release);
    if (!(await this.kept.of(spec.name)).includes(target.number))
      throw new ReleaseNotKeptError(spec.name, target.number);
    if (target.artifact !== null) await this.artifacts.touch(spec.client, target.artifact);
    const { signed: given, ...rest } = options;
    const signed = await this.signatures.admitted(given, [spec], { release: target });
    return this.intake.submit({
      ...rest,
      ...(signed ? { signed } : {}),
      targets: { client: spec.client, pods: [spec] },
      ...(urgent === undefined ? {} : { urgent }),
      ...(reason === undefined ? {} : { reason }),
      ...(force === undefined ? {} : { force }),
      source: {
        kind: 'release',
        release: target.number,
        treeId: target.treeId,
        fingerprint: target.fingerprint,
        ...(target.artifact === null ? {} : { artifact: target.artifact }),
        ...(acceptLoss === true ? { acceptLoss } : {}),
      },
      label: label ?? `back to release ${target.number}`,
      digest,
    });
  }

  private async target(pod: string, number: number | undefined): Promise<ReleaseEntity> {
    if (number === undefined) {
      const [releases, marks] = await Promise.all([
        this.deployments.releases(pod, RELEASES_LOOKED_AT),
        this.marks.of(pod),
      ]);
      const before = releaseBefore(releases, new Set(marks.map(({ number }) => number)));
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
 * who goes back twice comes two releases further, not to where they came from. States of `bad` releases are left out.
 */
export function releaseBefore(
  newestFirst: readonly ReleaseEntity[],
  bad: ReadonlySet<number> = new Set(),
): ReleaseEntity | undefined {
  const byNumber = new Map(newestFirst.map((release) => [release.number, release]));
  const badStates = new Set(newestFirst.filter(({ number }) => bad.has(number)).map(({ treeId }) => treeId));
  let current = newestFirst[0];
  while (current?.sourceRelease) current = byNumber.get(current.sourceRelease);
  if (!current) return undefined;
  const { number } = current;
  return newestFirst.find((release) => release.number < number && !badStates.has(release.treeId));
}

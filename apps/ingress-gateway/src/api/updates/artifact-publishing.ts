import { Injectable } from '@nestjs/common';
import { refuseForbiddenChecks, type PublishQuery } from '@podway/contracts';
import { ArtifactRecords } from '@podway/persistence';
import { NotFoundError } from '../problems/api.errors.js';
import { SignatureIntake } from '../signing/signature-intake.js';
import type { GoBackOptions } from './going-back.js';
import { requestDigest, statementDigest } from './idempotency.js';
import { UpdateIntake, type Submission } from './update-intake.js';
import { TargetLookup } from './update-targets.js';

/** Publishes a bundle that the client of the PODs has stored before. */
@Injectable()
export class ArtifactPublishing {
  constructor(
    private readonly artifacts: ArtifactRecords,
    private readonly targets: TargetLookup,
    private readonly intake: UpdateIntake,
    private readonly signatures: SignatureIntake,
  ) {}

  /** @throws NotFoundError an artifact that is missing or another client's; CheckNotAllowedError */
  async publish(
    { artifact, ...query }: PublishQuery & { artifact: string },
    options: GoBackOptions,
  ): Promise<Submission> {
    const { signed: given, ...rest } = options;
    const { caller, idempotencyKey } = options;
    const digest = requestDigest({
      ...{ kind: 'artifact', artifact, ...query },
      statement: statementDigest(given),
    });
    const earlier = await this.intake.earlier(caller, idempotencyKey, digest);
    if (earlier) return earlier;
    const own = await this.artifacts.find(caller.client, artifact);
    const targets = await this.targets.find(caller, query, own?.manifest.target);
    const stored =
      targets.client === caller.client ? own : await this.artifacts.find(targets.client, artifact);
    // From here on it is kept for the time of retention at least; by then the update speaks for it.
    if (!stored || !(await this.artifacts.touch(targets.client, artifact)))
      throw new NotFoundError('artifact', artifact);
    for (const pod of targets.pods) refuseForbiddenChecks(pod, stored.manifest.checks);
    const content = { artifact: { sha256: artifact, bytes: stored.bytes } };
    const signed = await this.signatures.admitted(given, targets.pods, content);
    const { name, version } = stored.manifest;
    return this.intake.submit({
      ...rest,
      ...(signed ? { signed } : {}),
      targets,
      ...(query.urgent === 'true' ? { urgent: true } : {}),
      ...(query.reason === undefined ? {} : { reason: query.reason }),
      ...(query.force === 'true' ? { force: true } : {}),
      source: { kind: 'artifact', artifact },
      label: query.label ?? `${name} ${version}`,
      digest,
    });
  }
}

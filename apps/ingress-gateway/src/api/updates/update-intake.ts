import { Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import {
  envelop,
  UpdateSubmitted,
  type PodSpec,
  type SignedStatement,
  type UpdateSource,
} from '@podway/contracts';
import { routed } from '@podway/messaging';
import {
  may,
  mayActAs,
  OutboxRelay,
  Quotas,
  ReleaseMarkedBadError,
  ReleaseMarks,
  Updates,
  type Acceptance,
  type Identity,
  type UpdateEntity,
} from '@podway/persistence';
import { activeTraceparent } from '@podway/telemetry';
import { IdempotencyKeyReusedError, NotAllowedError } from '../problems/api.errors.js';
import type { UpdateTargets } from './update-targets.js';

/** An update that has passed every test at the edge. */
export interface AdmittedUpdate {
  readonly caller: Identity;
  readonly targets: UpdateTargets;
  readonly source: UpdateSource;
  readonly label?: string;
  /** Why, in the words of who published. */
  readonly reason?: string;
  /** Also when a release with this content is marked bad. */
  readonly force?: boolean;
  /** Windows do not hold it up. */
  readonly urgent?: boolean;
  readonly idempotencyKey?: string;
  /** SHA-256 of what was asked. */
  readonly digest: string;
  /** What the publisher has signed about it, proved, and the sequence in it. */
  readonly signed?: { readonly statement: SignedStatement; readonly sequence: number };
  /** The publisher's trace, if it has one. */
  readonly traceparent?: string;
}

export interface Submission {
  /** A row for each deployment, in the order of the PODs. */
  readonly update: readonly [UpdateEntity, ...UpdateEntity[]];
  /** The same request was accepted before: nothing new was begun. */
  readonly replayed: boolean;
}

const DEFAULT_QUEUE_DEPTH = 100;

/** Writes down accepted updates and starts their deployments (FIG. 2, 200-204). */
@Injectable()
export class UpdateIntake {
  constructor(
    private readonly updates: Updates,
    private readonly relay: OutboxRelay,
    private readonly quotas: Quotas,
    private readonly marks: ReleaseMarks,
  ) {}

  /**
   * The answer that this request got before, or undefined for a first request.
   * @throws IdempotencyKeyReusedError the key belongs to another request.
   */
  async earlier(caller: Identity, key: string | undefined, digest: string): Promise<Submission | undefined> {
    const rows = key === undefined ? [] : await this.updates.byIdempotencyKey(caller.keyId, key);
    // What the caller may no longer publish to looks as if it had never been there.
    if (rows.length === 0 || !rows.every(({ client, pod }) => may(caller, 'publish', client, pod)))
      return undefined;
    return submissionOf(rows, digest, true);
  }

  /**
   * Records and messages are written together; of two equal requests at once, one is accepted and both get its answer.
   * @throws QueueFullError, IdempotencyKeyReusedError, ReleaseMarkedBadError, NotAllowedError for what only operators may: an urgent update, one that may lose what users have written.
   */
  async submit(admitted: AdmittedUpdate): Promise<Submission> {
    const { caller, urgent, source } = admitted;
    if ((urgent === true || source.acceptLoss === true) && !mayActAs(caller, 'operator'))
      throw new NotAllowedError('operate');
    const id = ulid();
    const createdAt = new Date();
    const acceptances: Acceptance[] = [];
    for (const [position, pod] of admitted.targets.pods.entries()) {
      const forced = await this.forced(admitted, pod.name);
      acceptances.push({
        ...acceptance(admitted, pod, { id, position, createdAt }),
        ...(forced === undefined ? {} : { forced }),
      });
    }
    const rows = await this.updates.accept(acceptances, (manager) =>
      this.quotas.admitUpdates(manager, admitted.targets.client, acceptances.length),
    );
    this.relay.wake();
    return submissionOf(rows, admitted.digest, rows[0]?.id !== id);
  }

  /** The bad release that force is needed against, where there is one. */
  private async forced({ source, force }: AdmittedUpdate, pod: string): Promise<number | undefined> {
    const mark = await this.marks.against(pod, source);
    if (mark && force !== true) throw new ReleaseMarkedBadError(mark);
    return mark?.number;
  }
}

function submissionOf(rows: readonly UpdateEntity[], digest: string, replayed: boolean): Submission {
  const [first, ...others] = rows;
  if (!first) throw new TypeError('An accepted update has a row');
  if (first.requestDigest !== digest) throw new IdempotencyKeyReusedError();
  return { update: [first, ...others], replayed };
}

function acceptance(
  admitted: AdmittedUpdate,
  pod: PodSpec,
  { id, position, createdAt }: Pick<UpdateEntity, 'id' | 'position' | 'createdAt'>,
): Acceptance {
  const { caller, targets, source, label, reason, digest } = admitted;
  const update: UpdateEntity = {
    id,
    deploymentId: ulid(),
    position,
    size: targets.pods.length,
    mode: targets.mode ?? null,
    resource: targets.resource ?? null,
    urgent: admitted.urgent ?? false,
    client: targets.client,
    keyId: caller.keyId,
    pod: pod.name,
    source,
    label: label ?? null,
    reason: reason ?? null,
    idempotencyKey: admitted.idempotencyKey ?? null,
    requestDigest: digest,
    statement: admitted.signed?.statement ?? null,
    sequence: admitted.signed?.sequence ?? null,
    createdAt,
  };
  const message = envelop(submittedMessage(update), {
    source: 'ingress-gateway',
    subject: `${update.client}/${pod.name}`,
    // Where nobody traces, the publisher's own goes on.
    traceparent: activeTraceparent() ?? admitted.traceparent,
  });
  return {
    update,
    submitted: routed(message),
    queueDepth: pod.policy?.queue?.depth ?? DEFAULT_QUEUE_DEPTH,
  };
}

function submittedMessage(update: UpdateEntity): UpdateSubmitted {
  const { mode, size, position, resource, label, reason } = update;
  return Object.assign(new UpdateSubmitted(), {
    updateId: update.id,
    deploymentId: update.deploymentId,
    publisher: { key: update.keyId, client: update.client },
    source: update.source,
    target: { pod: update.pod, ...(resource === null ? {} : { resource }) },
    ...(label === null ? {} : { label }),
    ...(reason === null ? {} : { reason }),
    ...(mode === null ? {} : { group: { mode, size, position } }),
    ...(update.urgent ? { urgent: true } : {}),
    ...(update.statement === null ? {} : { statement: update.statement }),
    submittedAt: update.createdAt.toISOString(),
  });
}

import { Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import { envelop, UpdateSubmitted, type UpdateSource } from '@podway/contracts';
import { routed } from '@podway/messaging';
import { OutboxRelay, Updates, type Identity, type UpdateEntity } from '@podway/persistence';
import { IdempotencyKeyReusedError } from '../problems/api.errors.js';

/** An update that has passed every test at the edge. */
export interface AdmittedUpdate {
  readonly caller: Identity;
  /** Client of the POD. */
  readonly client: string;
  readonly pod: string;
  readonly source: UpdateSource;
  readonly label?: string;
  readonly idempotencyKey?: string;
  /** SHA-256 of what was asked. */
  readonly digest: string;
  /** The publisher's trace, if it has one. */
  readonly traceparent?: string;
}

export interface Submission {
  readonly update: UpdateEntity;
  /** The same request was accepted before: nothing new was begun. */
  readonly replayed: boolean;
}

/** Writes down accepted updates and starts their deployments (FIG. 2, 200-204). */
@Injectable()
export class UpdateIntake {
  constructor(
    private readonly updates: Updates,
    private readonly relay: OutboxRelay,
  ) {}

  /**
   * The answer that this request got before, or undefined for a first request.
   * @throws IdempotencyKeyReusedError the key belongs to another request.
   */
  async earlier(caller: Identity, key: string | undefined, digest: string): Promise<Submission | undefined> {
    const update = key === undefined ? null : await this.updates.byIdempotencyKey(caller.keyId, key);
    if (!update) return undefined;
    if (update.requestDigest !== digest) throw new IdempotencyKeyReusedError();
    return { update, replayed: true };
  }

  /** Record and message are written together; of two equal requests at once, one is accepted and both get its answer. */
  async submit(admitted: AdmittedUpdate): Promise<Submission> {
    const { caller, client, pod, source, label, digest } = admitted;
    const update: UpdateEntity = {
      id: ulid(),
      deploymentId: ulid(),
      client,
      keyId: caller.keyId,
      pod,
      source,
      label: label ?? null,
      idempotencyKey: admitted.idempotencyKey ?? null,
      requestDigest: digest,
      createdAt: new Date(),
    };
    const message = envelop(submittedMessage(update), {
      source: 'ingress-gateway',
      subject: `${client}/${pod}`,
      ...(admitted.traceparent === undefined ? {} : { traceparent: admitted.traceparent }),
    });
    const accepted = await this.updates.accept(update, routed(message));
    this.relay.wake();
    if (accepted.requestDigest !== digest) throw new IdempotencyKeyReusedError();
    return { update: accepted, replayed: accepted.id !== update.id };
  }
}

function submittedMessage(update: UpdateEntity): UpdateSubmitted {
  return Object.assign(new UpdateSubmitted(), {
    updateId: update.id,
    deploymentId: update.deploymentId,
    publisher: { key: update.keyId, client: update.client },
    source: update.source,
    target: { pod: update.pod },
    ...(update.label === null ? {} : { label: update.label }),
    submittedAt: update.createdAt.toISOString(),
  });
}

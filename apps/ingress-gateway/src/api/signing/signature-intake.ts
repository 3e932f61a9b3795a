import { Injectable } from '@nestjs/common';
import type { PodSpec, SignedStatement, UpdateStatement } from '@podway/contracts';
import {
  claimedPods,
  provedStatement,
  refuseOtherContent,
  refuseOtherPod,
  SignatureRefusedError,
  type UpdateContent,
} from '@podway/contracts/signatures';
import { beyondTenant, sequenceUsed, SigningKeys, Updates, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { PodLookup } from '../pods/pod-lookup.js';

/** Who publishes what, as far as it is known before the body. */
export interface SignedRequest {
  readonly caller: Identity;
  readonly signed?: SignedStatement;
  readonly idempotencyKey?: string;
}

/** Proves signed statements at the edge. The service `auth` proves them once more. */
@Injectable()
export class SignatureIntake {
  constructor(
    private readonly keys: SigningKeys,
    private readonly updates: Updates,
    private readonly pods: PodLookup,
    private readonly settings: IngressGatewaySettings,
  ) {}

  /**
   * The statement about a bundle, before any byte of it is read: nothing is taken in for a statement that will be refused.
   * Undefined without one, and for a request that may be a repetition: what it gets is decided by its earlier answer.
   */
  async beforeBody(request: SignedRequest, pod: string | undefined): Promise<UpdateStatement | undefined> {
    const { caller, signed, idempotencyKey } = request;
    if (!signed) return undefined;
    const earlier =
      idempotencyKey === undefined ? [] : await this.updates.byIdempotencyKey(caller.keyId, idempotencyKey);
    if (earlier.length > 0) return undefined;
    // Where only the bundle's manifest will name the POD, the statement says whose keys are meant.
    const { spec } = await this.pods.find(caller, pod ?? claimedPods(signed)[0] ?? '');
    const statement = await this.proved(signed, spec.client);
    if (!statement.artifact) {
      throw new SignatureRefusedError('OTHER_ARTIFACT', 'The statement is for a release, not for a bundle');
    }
    if (pod !== undefined) await this.refuseTarget(statement, spec);
    return statement;
  }

  /**
   * What is kept with an update that is about to be accepted; undefined for an unsigned one.
   * @throws SignatureRefusedError SIGNATURE.REQUIRED when one of the PODs takes signed updates only, and all that is wrong.
   */
  async admitted(
    signed: SignedStatement | undefined,
    pods: readonly PodSpec[],
    content: UpdateContent,
  ): Promise<{ statement: SignedStatement; sequence: number } | undefined> {
    if (!signed) {
      const strict = pods.find((pod) => pod.policy?.signatures === 'required');
      if (!strict) return undefined;
      throw new SignatureRefusedError('REQUIRED', `POD ${strict.name} takes signed updates only`);
    }
    const [first] = pods;
    if (!first) throw new TypeError('An update goes to at least one POD');
    // All of them are of one client.
    const statement = await this.proved(signed, first.client);
    for (const pod of pods) await this.refuseTarget(statement, pod);
    refuseOtherContent(statement, content);
    return { statement: signed, sequence: statement.sequence };
  }

  private async proved(signed: SignedStatement, client: string): Promise<UpdateStatement> {
    // Keys of the POD's client, whoever publishes.
    const keys = await beyondTenant(() => this.keys.byIds(signed.signatures.map(({ keyid }) => keyid)));
    return provedStatement(signed, {
      client,
      keys,
      now: new Date(),
      maxLifetimeMs: this.settings.signatureMaxLifetimeMs,
    });
  }

  // Looked at once more, under a lock, when the update is accepted.
  private async refuseTarget(statement: UpdateStatement, spec: PodSpec): Promise<void> {
    refuseOtherPod(statement, spec.name);
    if (statement.sequence <= (await this.updates.highestSequence(spec.client, spec.name))) {
      throw sequenceUsed(spec.name, statement.sequence);
    }
  }
}

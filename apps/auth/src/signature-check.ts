import { isDeepStrictEqual } from 'node:util';
import type { AuthenticateUpdate, PodSpec, UpdateStatement } from '@podway/contracts';
import { provedStatement, refuseOtherPod, SignatureRefusedError } from '@podway/contracts/signatures';
import type { SigningKeys, Updates } from '@podway/persistence';

/**
 * FIG. 2, 206: proves a signed update once more, and that it is the one that was accepted. Whoever can send messages, but
 * has no signing key, brings nothing in here.
 */
export class SignatureCheck {
  constructor(
    private readonly keys: Pick<SigningKeys, 'byIds'>,
    private readonly updates: Pick<Updates, 'byDeployment'>,
    private readonly maxLifetimeMs: number,
  ) {}

  /**
   * The proved statement, or undefined for an update that needs none. Digest and size are proved when the artifact is read.
   * @throws SignatureRefusedError
   */
  async prove(command: AuthenticateUpdate, spec: PodSpec): Promise<UpdateStatement | undefined> {
    const accepted = await this.updates.byDeployment(command.deploymentId);
    const { statement: signed } = command;
    if (!signed) {
      if (accepted?.statement)
        throw notAsAccepted('it was accepted with a signed statement, and comes without');
      if (spec.policy?.signatures !== 'required') return undefined;
      throw new SignatureRefusedError('REQUIRED', `POD ${spec.name} takes signed updates only`);
    }
    const keys = await this.keys.byIds(signed.signatures.map(({ keyid }) => keyid));
    const rules = { client: spec.client, keys, now: new Date(), maxLifetimeMs: this.maxLifetimeMs };
    const statement = provedStatement(signed, rules);
    refuseOtherPod(statement, spec.name);
    if (!accepted) throw notAsAccepted('no update was accepted for this deployment');
    if (!isDeepStrictEqual(plain(accepted.statement), plain(signed))) {
      throw notAsAccepted('its statement is not the one that was accepted');
    }
    if (accepted.sequence !== statement.sequence) {
      throw notAsAccepted(`its sequence is ${statement.sequence}, and ${accepted.sequence} was accepted`);
    }
    return statement;
  }
}

function notAsAccepted(why: string): SignatureRefusedError {
  return new SignatureRefusedError('NOT_AS_ACCEPTED', `The update is not as it was accepted: ${why}`);
}

function plain(value: object | null): unknown {
  return JSON.parse(JSON.stringify(value));
}

import { PodwayError, rolesWith, type Right } from '@podway/contracts';

/** The request has no key, or one that is wrong, expired or revoked. Which of these is not told. */
export class NotAuthenticatedError extends PodwayError {
  constructor(given: boolean) {
    super(
      given ? 'AUTH.INVALID_KEY' : 'AUTH.REQUIRED',
      given
        ? 'The API key or token is not valid: wrong, expired or revoked'
        : 'An API key or a token is required: Authorization: Bearer pw_…',
    );
  }
}

/** The key is good, but its role, or what was delegated to it, does not include this. */
export class NotAllowedError extends PodwayError {
  constructor(needed: Right) {
    super('AUTH.NOT_ALLOWED', `This needs the right to ${needed}: role ${rolesWith(needed).join(', ')}`, {
      details: { needed },
    });
  }
}

export type Subject =
  | 'update'
  | 'artifact'
  | 'broker-user'
  | 'deployment'
  | 'pod'
  | 'release'
  | 'key'
  | 'resource'
  | 'client'
  | 'trust'
  | 'delegation'
  | 'signing-key'
  | 'upload'
  | 'webhook'
  | 'artifact';

/** There is no such thing, or it is another client's: the two look the same. */
export class NotFoundError extends PodwayError {
  constructor(subject: Subject, id: string | number) {
    const word = subject === 'pod' ? 'POD' : subject.replace('-', ' ');
    super(`${subject.toUpperCase().replace('-', '_')}.NOT_FOUND`, `There is no ${word} ${id} here`);
  }
}

/** There is a client of that name. */
export class ClientExistsError extends PodwayError {
  constructor(name: string) {
    super('CLIENT.EXISTS', `There is a client ${name} already`, { details: { name } });
  }
}

/** The deployment is over: nothing is left to stop. */
export class DeploymentFinishedError extends PodwayError {
  constructor(deploymentId: string, state: string) {
    super('DEPLOYMENT.FINISHED', `Deployment ${deploymentId} has ended already: ${state}`, {
      details: { deploymentId, state },
    });
  }
}

/** An abort would change nothing: the deployment is on its way back, or the other PODs of its update say how it ends. */
export class NothingToAbortError extends PodwayError {
  constructor(deploymentId: string, state: string) {
    const why =
      state === 'AwaitingPods'
        ? 'it has done its part, and the other PODs of its update say how it ends'
        : 'what it changed is being restored';
    super('DEPLOYMENT.NOTHING_TO_ABORT', `Deployment ${deploymentId} is ${state}: ${why}`, {
      details: { deploymentId, state },
    });
  }
}

/** Only a failed roll-back can be taken up again. */
export class NothingToRetryError extends PodwayError {
  constructor(deploymentId: string, state: string) {
    super(
      'DEPLOYMENT.NOTHING_TO_RETRY',
      `Deployment ${deploymentId} is ${state}; only a failed roll-back can be tried again`,
      {
        details: { deploymentId, state },
      },
    );
  }
}

/** Only a verified canary that waits for an approval can be approved. */
export class NothingToApproveError extends PodwayError {
  constructor(deploymentId: string, state: string) {
    super(
      'DEPLOYMENT.NOTHING_TO_APPROVE',
      `Deployment ${deploymentId} is ${state} and waits for no approval`,
      {
        details: { deploymentId, state },
      },
    );
  }
}

/** Who published an update does not approve it. */
export class OwnUpdateError extends PodwayError {
  constructor(deploymentId: string) {
    super(
      'APPROVAL.OWN_UPDATE',
      `Deployment ${deploymentId} was published with this key: somebody else must approve it`,
      {
        details: { deploymentId },
      },
    );
  }
}

/** The POD has no release before its current one. */
export class NoEarlierReleaseError extends PodwayError {
  constructor(pod: string) {
    super('RELEASE.NONE_EARLIER', `POD ${pod} has no earlier release to go back to`, { details: { pod } });
  }
}

/** The POD had this release, but its servers do not keep its state any more. */
export class ReleaseNotKeptError extends PodwayError {
  constructor(pod: string, release: number) {
    super(
      'RELEASE.NOT_KEPT',
      `The servers of POD ${pod} do not keep release ${release} any more (state.keep); publish its content again`,
      { details: { pod, release } },
    );
  }
}

/** Neither the request nor the bundle's manifest says which POD is meant. */
export class NoTargetError extends PodwayError {
  constructor() {
    super(
      'UPDATE.NO_TARGET',
      'No POD is named: give ?pod=, ?pods= or ?resource= with the request, or target in podway.yaml',
    );
  }
}

/** It is not clear which PODs are meant. */
export class TargetUnclearError extends PodwayError {
  constructor(why: string) {
    super('UPDATE.TARGET_UNCLEAR', why);
  }
}

/** One artifact goes to PODs of one client. */
export class SeveralClientsError extends PodwayError {
  constructor() {
    super(
      'UPDATE.SEVERAL_CLIENTS',
      'The PODs named belong to several clients; publish to each client by itself',
    );
  }
}

/** The same Idempotency-Key came with another request before. */
export class IdempotencyKeyReusedError extends PodwayError {
  constructor() {
    super('IDEMPOTENCY.KEY_REUSED', 'This Idempotency-Key was used for another request; choose a new one');
  }
}

/** What is wrong with the form of an HTTP request, before its meaning is looked at. */
export class BadRequestError extends PodwayError {
  constructor(
    fault:
      | 'MALFORMED_JSON'
      | 'JSON_TOO_DEEP'
      | 'BODY_TOO_LARGE'
      | 'BODY_CUT_SHORT'
      | 'UNSUPPORTED_MEDIA_TYPE'
      | 'BAD_HEADER',
    message: string,
  ) {
    super(`HTTP.${fault}`, message);
  }
}

/** No verifier has answered in time. */
export class NoAnswerError extends PodwayError {
  constructor(pod: string, timeoutMs: number) {
    super('DIFF.NO_ANSWER', `No answer about the servers of POD ${pod} within ${timeoutMs} ms; ask again`, {
      details: { pod },
    });
  }
}

/** No verifier has told in time whether the servers are fit. */
export class NoDiagnosisError extends PodwayError {
  constructor(pod: string, timeoutMs: number) {
    super(
      'DIAGNOSIS.NO_ANSWER',
      `No verifier has looked at POD ${pod} within ${timeoutMs} ms; is one running?`,
      {
        details: { pod },
      },
    );
  }
}

/** The POD has no release that its servers could differ from. */
export class NoReleaseError extends PodwayError {
  constructor(pod: string) {
    super('DRIFT.NO_RELEASE', `POD ${pod} has no release yet: there is nothing to compare its servers with`, {
      details: { pod },
    });
  }
}

/** A deployment has the POD: its servers differ, and must. */
export class PodBusyError extends PodwayError {
  constructor(pod: string, deploymentId: string) {
    super(
      'DRIFT.POD_BUSY',
      `Deployment ${deploymentId} has POD ${pod}: its servers are looked at when it has ended`,
      { details: { pod, deploymentId } },
    );
  }
}

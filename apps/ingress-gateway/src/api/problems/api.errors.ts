import { PodwayError } from '@podway/contracts';

/** The request has no key, or one that is wrong, expired or revoked. Which of these is not told. */
export class NotAuthenticatedError extends PodwayError {
  constructor(given: boolean) {
    super(
      given ? 'AUTH.INVALID_KEY' : 'AUTH.REQUIRED',
      given
        ? 'The API key is not valid: wrong, expired or revoked'
        : 'An API key is required: Authorization: Bearer pw_…',
    );
  }
}

/** The key is good, but its role is too low. */
export class NotAllowedError extends PodwayError {
  constructor(needed: string) {
    super('AUTH.NOT_ALLOWED', `This needs a key with the role ${needed} or above`, { details: { needed } });
  }
}

export type Subject = 'update' | 'deployment' | 'pod' | 'release' | 'key';

/** There is no such thing, or it is another client's: the two look the same. */
export class NotFoundError extends PodwayError {
  constructor(subject: Subject, id: string | number) {
    const word = subject === 'pod' ? 'POD' : subject;
    super(`${subject.toUpperCase()}.NOT_FOUND`, `There is no ${word} ${id} here`);
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

/** The POD has no release before its current one. */
export class NoEarlierReleaseError extends PodwayError {
  constructor(pod: string) {
    super('RELEASE.NONE_EARLIER', `POD ${pod} has no earlier release to go back to`, { details: { pod } });
  }
}

/** Neither the request nor the bundle's manifest says which POD is meant. */
export class NoTargetError extends PodwayError {
  constructor() {
    super('UPDATE.NO_TARGET', 'No POD is named: give ?pod= with the request, or target.pod in podway.yaml');
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

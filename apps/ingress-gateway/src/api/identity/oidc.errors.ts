import { PodwayError } from '@podway/contracts';

/** A trusted issuer does not answer, so that its tokens cannot be judged now. */
export class IssuerUnreachableError extends PodwayError {
  constructor(issuer: string, cause: unknown) {
    super('OIDC.ISSUER_UNREACHABLE', `The issuer ${issuer} does not answer; try again in a moment`, {
      retryable: true,
      details: { issuer },
      cause,
    });
  }
}

/** A trusted issuer answers, but not as OpenID Connect Discovery 1.0 says. */
export class IssuerInvalidError extends PodwayError {
  constructor(issuer: string, reason: string, cause?: unknown) {
    super('OIDC.ISSUER_INVALID', `The issuer ${issuer} cannot be used: ${reason}`, {
      retryable: true,
      details: { issuer },
      cause,
    });
  }
}

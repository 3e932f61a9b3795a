import { PodwayError } from '@podway/contracts';

export class ArtifactNotFoundError extends PodwayError {
  constructor(digest: string) {
    super('ARTIFACT.NOT_FOUND', `There is no artifact ${digest}`, { details: { digest } });
  }
}

export class ArtifactTooLargeError extends PodwayError {
  constructor(maxBytes: number) {
    super('ARTIFACT.TOO_LARGE', `The artifact is larger than ${maxBytes} bytes`, { details: { maxBytes } });
  }
}

/** The stored bytes are not those that were stored. */
export class ArtifactCorruptError extends PodwayError {
  constructor(digest: string, found: string) {
    super('ARTIFACT.CORRUPT', `The stored artifact ${digest} has changed on disk; publish it again`, {
      details: { digest, found },
    });
  }
}

export class ArtifactStoreFullError extends PodwayError {
  constructor(cause: unknown) {
    super('ARTIFACT.STORE_FULL', 'There is no space left for artifacts', { retryable: true, cause });
  }
}

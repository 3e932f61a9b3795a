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

/** The store cannot be reached, or does not let us in. */
export class ArtifactStoreUnavailableError extends PodwayError {
  constructor(doing: string, cause: unknown) {
    super(
      'ARTIFACT.STORE_UNAVAILABLE',
      `The artifact store does not work: ${doing}: ${(cause as Error).message}`,
      {
        retryable: true,
        cause,
      },
    );
  }
}

/** A content is not the one that its digest and size say, or was not asked for. */
export class ContentMismatchError extends PodwayError {
  constructor(sha256: string) {
    super('UPLOAD.CONTENT_MISMATCH', `The content ${sha256.slice(0, 100)} is not what was announced`);
  }
}

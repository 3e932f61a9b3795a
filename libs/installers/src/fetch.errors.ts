import { PodwayError } from '@podway/contracts';

const faults = {
  SOURCE_REFUSED: { told: 'must not be fetched', retryable: false },
  SOURCE_UNAVAILABLE: { told: 'could not be fetched', retryable: true },
  SOURCE_MISSING: { told: 'is not there', retryable: false },
  SOURCE_TOO_LARGE: { told: 'is too large', retryable: false },
  SOURCE_MISMATCH: { told: 'is not what the bundle says', retryable: false },
} as const;

/** What a component names by its URL is not to be had. Code `INSTALL.<fault>`. Nothing was touched. */
export class SourceError extends PodwayError {
  constructor(
    fault: keyof typeof faults,
    at: { component: string; url: string },
    reason: string,
    cause?: unknown,
  ) {
    const { told, retryable } = faults[fault];
    // What follows a `?` may be a key.
    const url = at.url.replace(/\?.*$/s, '?…').slice(0, 300);
    super(`INSTALL.${fault}`, `${at.component}: ${url} ${told}: ${reason}`, {
      retryable,
      details: { component: at.component, url },
      cause,
    });
  }
}

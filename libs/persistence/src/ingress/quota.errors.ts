import { PodwayError, type QuotaLimits } from '@podway/contracts';

const texts = {
  BYTES: 'bytes of stored artifacts and uploads',
  ARTIFACTS: 'stored artifacts',
  FILES: 'files, folders and links in one bundle',
  OPEN_UPLOADS: 'uploads under way at once',
  WAITING_UPDATES: 'updates that wait',
} as const;
export type QuotaSubject = keyof typeof texts;

/** The client has used up what it may. Code `QUOTA.<subject>`; says what is used, wanted and allowed. */
export class QuotaExceededError extends PodwayError {
  constructor(subject: QuotaSubject, used: number, wanted: number, allowed: number) {
    super(
      `QUOTA.${subject}`,
      `The client has ${used} of ${allowed} ${texts[subject]}; ${wanted} more do not fit`,
      { details: { used, wanted, allowed } },
    );
  }
}

/** Too many requests in a short time. */
export class RateExceededError extends PodwayError {
  /** When the next one is let in. */
  readonly retryAfterSeconds: number;

  constructor(allowed: QuotaLimits['requestsPerMinute'], retryAfterMs: number) {
    super('QUOTA.RATE', `The client may change something ${allowed} times in a minute; wait a moment`, {
      details: { allowed, retryAfterMs },
    });
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  }
}

import { PodwayError } from '@podway/contracts';
import type { Disposition } from '../broker.js';

/** A refusal that stays one is not tried again; everything else may be. */
export function dispositionOf(error: unknown): Disposition {
  if (error instanceof PodwayError && !error.retryable) {
    return { kind: 'dead-letter', code: error.code, reason: error.message };
  }
  return { kind: 'retry', reason: error instanceof Error ? error.message : JSON.stringify(error) };
}

import { ulid } from 'ulid';
import type { UpdateEntity } from '../src/entities/index.js';
import type { Acceptance } from '../src/ingress/updates.js';
import { saying } from './messages.js';

/** An update of one POD, unsigned, as the gateway writes it. */
export function anUpdate(changes: Partial<UpdateEntity> = {}): UpdateEntity {
  return {
    ...{ id: ulid(), deploymentId: ulid(), client: 'acme', keyId: 'k1', pod: 'shop' },
    source: { kind: 'artifact', artifact: 'a'.repeat(64) },
    ...{ position: 0, size: 1, mode: null, resource: null, urgent: false },
    ...{ label: null, reason: null, statement: null, sequence: null },
    ...{ idempotencyKey: null, requestDigest: 'd'.repeat(64), createdAt: new Date() },
    ...changes,
  };
}

/** The update with a message that says its id. */
export function acceptanceOf(update: UpdateEntity, queueDepth = 100): Acceptance {
  const submitted = { exchange: 'podway.outcomes', routingKey: 'q', envelope: saying(update.id) } as const;
  return { update, submitted, queueDepth };
}

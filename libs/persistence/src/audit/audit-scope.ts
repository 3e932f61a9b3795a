import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';
import { LEAVE_TENANT } from '../tenancy/tenant.js';
import { appendAudit } from './append-audit.js';

/** Who does what right now: what a change is recorded with. */
export interface AuditScope {
  readonly actor: string;
  readonly client: string;
  readonly action: string;
  readonly subject: string;
  /** What every record has besides. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Whether a change has recorded itself. */
  recorded: boolean;
}

/** What a change knows better than who asked for it. */
export interface AuditFacts {
  readonly client?: string;
  readonly subject?: string;
  readonly detail?: Record<string, unknown>;
}

const scopes = new AsyncLocalStorage<AuditScope>();

/** Runs something in a scope: changes that it makes are recorded with it. */
export function auditing<T>(scope: AuditScope, run: () => Promise<T>): Promise<T> {
  return scopes.run(scope, run);
}

/**
 * Records a change in its own transaction. To be called last: the log is locked from then to the commit.
 * Without a scope nobody outside has asked for the change, and nothing is recorded.
 */
export async function recordAudit(manager: EntityManager, facts: AuditFacts): Promise<void> {
  const scope = scopes.getStore();
  if (!scope) return;
  const { recorded: _, ...who } = scope;
  await manager.query(LEAVE_TENANT);
  await appendAudit(manager, {
    ...who,
    ...facts,
    detail: { ...who.detail, ...facts.detail },
    outcome: 'accepted',
  });
  scope.recorded = true;
}

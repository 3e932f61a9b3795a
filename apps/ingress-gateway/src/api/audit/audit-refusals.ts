import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Problem } from '@podway/contracts';
import { AuditLog, type AuditEntry } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import type { IdentifiedRequest } from '../identity/caller.js';
import { LOGGER } from '../tokens.js';
import { auditScope, changes } from './audit.interceptor.js';

const WINDOW_MS = 60_000;
/** Kinds of refusals that are told apart in one window. */
const MOST_KINDS = 1_000;

interface Kind {
  readonly entry: AuditEntry;
  alone: number;
  summed: number;
}

/**
 * Records refusals: of callers who are known, when they wanted to change something, and failed sign-ins. Of each kind a few
 * a minute are recorded one by one; the others are summed up, so that nobody fills the disk by being refused.
 */
@Injectable()
export class AuditRefusals implements OnModuleDestroy {
  private kinds = new Map<string, Kind>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: AuditLog,
    private readonly settings: IngressGatewaySettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Never fails: who is refused is refused. */
  async note(request: IdentifiedRequest, told: Pick<Problem, 'status' | 'code'>): Promise<void> {
    const entry = entryOf(request, told);
    if (entry) await this.record(entry);
  }

  /** Never fails either. */
  async record(entry: AuditEntry): Promise<void> {
    const kind = this.kindOf(entry);
    if (kind.alone >= this.settings.auditRefusalsPerMinute) {
      kind.summed += 1;
      return;
    }
    kind.alone += 1;
    await this.append(entry);
  }

  /** Writes down what was only counted so far. */
  async sumUp(): Promise<void> {
    const kinds = [...this.kinds.values()];
    this.kinds = new Map();
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const { entry, summed } of kinds) {
      if (summed === 0) continue;
      const { code, status } = entry.detail;
      await this.append({ ...entry, subject: 'many', detail: { code, status, times: summed } });
    }
  }

  onModuleDestroy(): Promise<void> {
    return this.sumUp();
  }

  private kindOf(entry: AuditEntry): Kind {
    const own = JSON.stringify([entry.actor, entry.action, entry.outcome, entry.detail.code]);
    const known = this.kinds.has(own) || this.kinds.size < MOST_KINDS;
    const name = known ? own : 'others';
    const others = { ...entry, actor: '-', client: '-', action: 'others' };
    const kind = this.kinds.get(name) ?? { entry: known ? entry : others, alone: 0, summed: 0 };
    this.kinds.set(name, kind);
    this.timer ??= setTimeout(() => void this.sumUp(), WINDOW_MS).unref();
    return kind;
  }

  private async append(entry: AuditEntry): Promise<void> {
    try {
      await this.log.append(entry);
    } catch (error) {
      this.logger.error({ err: error, entry }, 'a refusal could not be recorded in the audit log');
    }
  }
}

function entryOf(
  request: IdentifiedRequest,
  { status, code }: Pick<Problem, 'status' | 'code'>,
): AuditEntry | undefined {
  const { endpoint, identity } = request;
  // Without its database, the gateway has no audit log either.
  if (!endpoint || status === 503) return undefined;
  if (!identity) return status === 401 ? failedSignIn(request, { status, code }) : undefined;
  if (!changes(endpoint)) return undefined;
  const { recorded: _, ...who } = auditScope(request, endpoint.operationId);
  return { ...who, outcome: status < 500 ? 'refused' : 'failed', detail: { ...who.detail, code, status } };
}

function failedSignIn(
  request: IdentifiedRequest,
  told: Pick<Problem, 'status' | 'code'>,
): AuditEntry | undefined {
  const header = request.headers.authorization;
  // Who shows nothing does not try to sign in.
  if (header === undefined) return undefined;
  const { recorded: _, ...who } = auditScope(request, 'signIn');
  const claimedKey = /^Bearer +pw_([a-z0-9]{12})_/i.exec(header)?.[1];
  const detail = { code: told.code, status: told.status, claimedKey, address: request.socket.remoteAddress };
  return { ...who, outcome: 'refused', detail };
}

import { ROOT_CONTEXT, trace, type Tracer } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { ulid } from 'ulid';
import {
  HealingStopped,
  OWN_PUBLISHER,
  ServerDrifted,
  ServerInSync,
  UpdateSubmitted,
  type CheckRequested,
  type Envelope,
  type PodChecked,
} from '@podway/contracts';
import type { DriftStore, LookedPod, LookLimits, LookResult } from '@podway/persistence';
import { begin, decideHealing, type HealingDecision, type SagaLimits } from '@podway/pipeline';
import { withinSpan } from '@podway/telemetry';

/** Most PODs that one pass begins to look at. */
const PODS_A_PASS = 50;

export interface DriftLimits extends LookLimits {
  /** Heals in a row that may have been in vain. */
  readonly maxHeals: number;
}

/**
 * Has PODs at rest looked at when it is time, and decides what becomes of servers that are not as they were proved.
 * Why here, and why the verifier looks: docs/adr/0019-drift.md
 */
export class Drift {
  constructor(
    private readonly store: DriftStore,
    private readonly limits: DriftLimits,
    private readonly sagaLimits: SagaLimits,
    /** Called after a commit: messages and events wait to be sent. */
    private readonly committed: () => void,
    private readonly logger: Logger,
    private readonly tracer: Tracer = trace.getTracer('podway'),
  ) {}

  /** Begins the looks that are due. */
  async look(): Promise<void> {
    for (const pod of await this.store.due(PODS_A_PASS, this.limits)) {
      const begin = (): Promise<boolean> => this.store.begin(pod, ulid(), this.limits);
      // Nobody asked for it: the trace of a look begins here.
      if (await withinSpan(this.tracer, 'look at a POD', { parent: ROOT_CONTEXT }, begin)) this.committed();
    }
  }

  async requested(envelope: Envelope, request: CheckRequested): Promise<void> {
    await this.store.request(envelope.id, request);
    this.committed();
  }

  async checked({ id, traceparent }: Envelope, look: PodChecked): Promise<void> {
    const judge = (pod: LookedPod): LookResult => this.judge(pod, look);
    const result = await this.store.finish(id, look, judge, traceparent);
    if (!result) {
      this.logger.debug({ pod: look.pod, lookId: look.lookId }, 'a look at the POD does not count');
      return;
    }
    this.log(look, result);
    this.committed();
  }

  private judge(pod: LookedPod, { servers }: PodChecked): LookResult {
    const healing = decideHealing({
      action: pod.spec.policy?.drift?.on ?? 'report',
      servers: servers.map(({ name, finding }) => ({
        ...{ name, finding, inRotation: !pod.out.has(name) },
        quarantined: pod.before.get(name)?.quarantined ?? false,
      })),
      minInRotation: pod.spec.policy?.minInRotation ?? 1,
      ...{ queued: pod.queued, markedBad: pod.markedBad },
      ...{ healsInVain: pod.healsInVain, maxHeals: this.limits.maxHeals },
    });
    const { heal, quarantine, healsInVain, stopped } = healing;
    return {
      ...{ servers, quarantine, healsInVain, events: eventsOf(pod, servers, healing) },
      ...(stopped === undefined ? {} : { stopped }),
      ...(heal.length === 0 ? {} : { move: this.update(pod, heal) }),
    };
  }

  /** An update whose source is the POD's own release. */
  private update(
    { client, spec, release, artifact }: LookedPod,
    heal: readonly string[],
  ): LookResult['move'] {
    const now = new Date();
    const submitted = Object.assign(new UpdateSubmitted(), {
      ...{ updateId: ulid(), deploymentId: ulid(), publisher: { key: OWN_PUBLISHER, client } },
      source: {
        kind: 'release',
        release: release.number,
        ...{ treeId: release.treeId, fingerprint: release.fingerprint },
        ...(artifact === null ? {} : { artifact }),
      },
      target: { pod: spec.name },
      label: `heal: back to release ${release.number}`,
      reason: `not on release ${release.number}: ${heal.join(', ')}`.slice(0, 500),
      submittedAt: now.toISOString(),
    });
    return begin(submitted, { now, limits: this.sagaLimits });
  }

  private log({ pod, servers }: PodChecked, { quarantine, move, stopped }: LookResult): void {
    const drifted = servers.filter(({ finding }) => finding === 'drifted').map(({ name }) => name);
    const record = { pod, drifted, quarantine, deploymentId: move?.state.deploymentId, stopped };
    if (stopped !== undefined) this.logger.error(record, 'servers are not healed: an operator is needed');
    else if (move) this.logger.warn(record, 'servers are put back to their release');
    else if (drifted.length > 0) this.logger.warn(record, 'servers have drifted');
    else this.logger.debug(record, 'the POD was looked at');
  }
}

/** What has changed since the last look: nobody wants to read the same every quarter of an hour. */
function eventsOf(
  { release, before, stopped: earlier }: LookedPod,
  servers: PodChecked['servers'],
  { stopped }: HealingDecision,
): object[] {
  const events: object[] = servers.flatMap(({ name: server, finding, fingerprint, changes }) => {
    const last = before.get(server);
    if (fingerprint === undefined) return [];
    const about = { server, release: release.number, fingerprint };
    if (finding === 'in-sync')
      return last?.drifted === true ? [Object.assign(new ServerInSync(), about)] : [];
    if (finding !== 'drifted' || (last?.drifted === true && last.live === fingerprint)) return [];
    const expected = release.fingerprint;
    return [Object.assign(new ServerDrifted(), about, { expected }, changes ? { changes } : {})];
  });
  if (stopped === undefined || stopped === earlier) return events;
  const names = servers.filter(({ finding }) => finding === 'drifted').map(({ name }) => name);
  return [...events, Object.assign(new HealingStopped(), { servers: names, reason: stopped })];
}

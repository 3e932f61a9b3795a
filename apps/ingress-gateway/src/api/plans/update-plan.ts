import { Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import {
  envelop,
  orderedByNeeds,
  ProposeCanary,
  type DifferenceEntry,
  type PlanRequest,
  type PlanView,
  type PodSpec,
} from '@podway/contracts';
import { routed } from '@podway/messaging';
import {
  ArtifactRecords,
  Comparisons,
  DeploymentReader,
  OutboxRelay,
  PodPauses,
  type InventoryPod,
} from '@podway/persistence';
import { waitOf } from '@podway/pipeline';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { changedFiles, type FileDigests } from './changed-files.js';
import { PlanRefusals } from './plan-refusals.js';
import { StoredFiles } from './stored-files.js';

/** As uploads by difference look: what is in none of the newest bundles is sent again. */
const MOST_SOURCES = 8;
const MANIFEST = 'podway.yaml';

/** What an update would do. Nothing is kept, begun or changed by it, on servers or here. */
@Injectable()
export class UpdatePlan {
  constructor(
    private readonly deployments: DeploymentReader,
    private readonly pauses: PodPauses,
    private readonly records: ArtifactRecords,
    private readonly stored: StoredFiles,
    private readonly refusals: PlanRefusals,
    private readonly questions: Comparisons,
    private readonly relay: OutboxRelay,
    private readonly settings: IngressGatewaySettings,
  ) {}

  async of(pod: InventoryPod, request: PlanRequest): Promise<PlanView> {
    const { spec } = pod;
    const { manifest, entries } = request;
    const [[release], [activity]] = await Promise.all([
      this.deployments.currentReleases([spec.name]),
      this.deployments.activity([spec.name]),
    ]);
    const bytes = entries.reduce((sum, { size = 0 }) => sum + size, 0);
    const files = digestsOf(entries);
    const queued = activity?.queued ?? 0;
    const running = activity?.running ?? undefined;
    const [canary, compared, bytesToSend, refusals, begin] = await Promise.all([
      this.canary(pod),
      this.compared(spec, files, release && { artifact: release.artifact }),
      this.bytesToSend(spec.client, entries),
      this.refusals.of(spec, request, { files, bytes, queued }),
      this.begin(spec),
    ]);
    const prerequisites = manifest.prerequisites;
    return {
      ...{ pod: spec.name, client: spec.client, ...(release ? { release: release.number } : {}) },
      ...canary,
      others: spec.servers.map(({ name }) => name).filter((name) => name !== canary.canary),
      ...compared,
      ...{ bytes, bytesToSend },
      components: orderedByNeeds(manifest.components).ordered.map(({ name, installer }) => ({
        name,
        installer,
      })),
      ...(prerequisites ? { prerequisites } : {}),
      checks: checksOf(spec, request),
      approval: spec.policy?.approval?.replication === 'required',
      before: queued + (running === undefined ? 0 : 1),
      ...(running === undefined ? {} : { runningDeployment: running }),
      ...begin,
      refusals,
    };
  }

  /** Asked of the service that chooses it: it can see how busy servers are. */
  private async canary({ spec, revision }: InventoryPod): Promise<Pick<PlanView, 'canary' | 'noCanary'>> {
    const lookId = ulid();
    const question = Object.assign(new ProposeCanary(), {
      ...{ lookId, client: spec.client, pod: spec.name, podRevision: revision },
    });
    const subject = `${spec.client}/${spec.name}`;
    const message = routed(envelop(question, { source: 'ingress-gateway', subject }));
    await this.questions.ask(lookId, spec.name, message);
    this.relay.wake();
    const told = await this.questions.awaited<{ canary: string }>(lookId, this.settings.diffTimeoutMs);
    if (!told)
      return { noCanary: { code: 'PLAN.NO_ANSWER', detail: 'no pod-resolver has answered in time' } };
    return 'code' in told ? { noCanary: told } : { canary: told.answer.canary };
  }

  private async compared(
    { client }: PodSpec,
    files: FileDigests,
    release: { artifact: string | null } | undefined,
  ): Promise<Pick<PlanView, 'files' | 'notCompared'>> {
    if (!release) return { files: changedFiles(new Map(), files) };
    const before = await this.stored.of(client, release.artifact);
    return typeof before === 'string' ? { notCompared: before } : { files: changedFiles(before, files) };
  }

  private async bytesToSend(client: string, entries: readonly DifferenceEntry[]): Promise<number> {
    const contents = new Map(
      entries.flatMap(({ sha256, size = 0 }) => (sha256 && size > 0 ? [[sha256, size]] : [])),
    );
    const known = await this.records.known(client, [...contents.keys()], MOST_SOURCES);
    for (const { sha256 } of known) contents.delete(sha256);
    return [...contents.values()].reduce((sum, size) => sum + size, 0);
  }

  private async begin({ name, policy }: PodSpec): Promise<Pick<PlanView, 'waiting' | 'beginsAt'>> {
    const [paused] = await this.pauses.of([name]);
    const now = new Date();
    const wait = waitOf(
      {
        ...(paused ? { paused: paused.reason === null ? {} : { reason: paused.reason } } : {}),
        ...(policy?.windows ? { windows: policy.windows } : {}),
      },
      now,
    );
    if (!wait) return { beginsAt: now.toISOString() };
    const { kind, detail, until } = wait;
    const at = until?.toISOString();
    return {
      waiting: { kind, detail, ...(at === undefined ? {} : { until: at }) },
      ...(at === undefined ? {} : { beginsAt: at }),
    };
  }
}

function digestsOf(entries: readonly DifferenceEntry[]): FileDigests {
  const files = entries.flatMap(({ path, kind, sha256 }) =>
    kind === 'file' && sha256 !== undefined && path !== MANIFEST ? [[path, sha256] as const] : [],
  );
  return new Map(files);
}

function checksOf({ checks = [] }: PodSpec, { manifest }: PlanRequest): PlanView['checks'] {
  const told = (of: 'pod' | 'bundle', all: typeof checks): PlanView['checks'] =>
    all.map(({ probe, name }) => ({ of, probe, ...(name === undefined ? {} : { name }) }));
  return [...told('pod', checks), ...told('bundle', manifest.checks ?? [])];
}

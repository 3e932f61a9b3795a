import { Injectable } from '@nestjs/common';
import { judgeComponents, judgeEntries } from '@podway/artifacts';
import {
  PodwayError,
  refuseForbiddenChecks,
  type PlanProblemView,
  type PlanRequest,
  type PodSpec,
} from '@podway/contracts';
import { DeploymentReader, Quotas, ReleaseMarkedBadError, ReleaseMarks } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { bundleTooLarge } from '../updates/inspected-upload.js';
import type { FileDigests } from './changed-files.js';
import { StoredFiles } from './stored-files.js';

/** Releases marked bad that a bundle is compared with: the newest. */
const MOST_MARKS = 3;
const DEFAULT_QUEUE_DEPTH = 100;

/** What is known of the bundle and the POD besides. */
export interface PlannedBundle {
  readonly files: FileDigests;
  readonly bytes: number;
  /** Deployments that wait for the POD. */
  readonly queued: number;
}

/** Why an update would be refused, by all the tests that it would have to pass at the edge. */
@Injectable()
export class PlanRefusals {
  constructor(
    private readonly quotas: Quotas,
    private readonly marks: ReleaseMarks,
    private readonly deployments: DeploymentReader,
    private readonly stored: StoredFiles,
    private readonly settings: IngressGatewaySettings,
  ) {}

  async of(pod: PodSpec, request: PlanRequest, bundle: PlannedBundle): Promise<PlanProblemView[]> {
    const { manifest, entries, signed = false } = request;
    const { maxBundleBytes } = this.settings;
    const judged = [
      refusalOf(() => judgeEntries(entries)),
      refusalOf(() => judgeComponents(manifest, entries)),
      refusalOf(() => refuseForbiddenChecks(pod, manifest.checks)),
      refusalOf(() => {
        if (bundle.bytes > maxBundleBytes) throw bundleTooLarge(maxBundleBytes);
      }),
    ].filter((one) => one !== undefined);
    if (pod.policy?.signatures === 'required' && !signed)
      judged.push({ code: 'SIGNATURE.REQUIRED', detail: `POD ${pod.name} takes signed updates only` });
    return [...judged, ...(await this.marked(pod, bundle.files)), ...(await this.overQuota(pod, bundle))];
  }

  private async marked({ name, client }: PodSpec, files: FileDigests): Promise<PlanProblemView[]> {
    const marks = (await this.marks.of(name)).toSorted((a, b) => b.number - a.number).slice(0, MOST_MARKS);
    for (const mark of marks) {
      const release = await this.deployments.release(name, mark.number);
      const bad = await this.stored.of(client, release?.artifact ?? null);
      if (typeof bad === 'string' || !isSame(bad, files)) continue;
      const { code, message } = new ReleaseMarkedBadError(mark);
      return [{ code, detail: message }];
    }
    return [];
  }

  private async overQuota({ client, policy }: PodSpec, bundle: PlannedBundle): Promise<PlanProblemView[]> {
    const [limits, used] = await Promise.all([this.quotas.limits(client), this.quotas.used(client)]);
    const over = (name: string, use: number, more: number, limit: number): PlanProblemView[] =>
      use + more <= limit
        ? []
        : [{ code: name, detail: `${use} are used and ${more} would be added; the limit is ${limit}` }];
    const depth = policy?.queue?.depth ?? DEFAULT_QUEUE_DEPTH;
    return [
      ...over('QUOTA.BYTES', used.bytes, bundle.bytes, limits.bytes),
      ...over('QUOTA.ARTIFACTS', used.artifacts, 1, limits.artifacts),
      ...over('QUOTA.WAITING_UPDATES', used.waitingUpdates, 1, limits.waitingUpdates),
      ...over('QUEUE.FULL', bundle.queued, 1, depth),
    ];
  }
}

function refusalOf(test: () => void): PlanProblemView | undefined {
  try {
    test();
    return undefined;
  } catch (error) {
    if (error instanceof PodwayError) return { code: error.code, detail: error.message };
    throw error;
  }
}

function isSame(one: FileDigests, other: FileDigests): boolean {
  return one.size === other.size && [...one].every(([path, sha256]) => other.get(path) === sha256);
}

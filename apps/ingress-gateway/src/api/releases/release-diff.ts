import { Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import {
  CompareReleases,
  envelop,
  PodwayError,
  type DiffQuery,
  type DiffView,
  type KeptState,
} from '@podway/contracts';
import { routed } from '@podway/messaging';
import {
  Comparisons,
  DeploymentReader,
  KeptReleases,
  OutboxRelay,
  type InventoryPod,
  type ReleaseEntity,
} from '@podway/persistence';
import { activeTraceparent } from '@podway/telemetry';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { NoAnswerError, NotFoundError, ReleaseNotKeptError } from '../problems/api.errors.js';

const DEFAULT_ENTRIES = 200;

/** How two kept releases differ: asked of a verifier, which has servers at hand. */
@Injectable()
export class ReleaseDiff {
  constructor(
    private readonly comparisons: Comparisons,
    private readonly deployments: DeploymentReader,
    private readonly kept: KeptReleases,
    private readonly relay: OutboxRelay,
    private readonly settings: IngressGatewaySettings,
  ) {}

  /** @throws NotFoundError, ReleaseNotKeptError, NoAnswerError, and what the servers say. */
  async between({ spec, revision }: InventoryPod, query: DiffQuery): Promise<DiffView> {
    const from = await this.release(spec.name, query.from);
    const to = await this.release(spec.name, query.to);
    const view = { pod: spec.name, from: from.number, to: to.number };
    if (from.treeId === to.treeId) return { ...view, tree: NO_CHANGES };
    const id = ulid();
    const question = Object.assign(new CompareReleases(), {
      ...{ lookId: id, client: spec.client, pod: spec.name, podRevision: revision },
      ...{ from: keptState(from), to: keptState(to), limit: query.limit ?? DEFAULT_ENTRIES },
      ...(query.after === undefined ? {} : { after: query.after }),
    });
    const subject = `${spec.client}/${spec.name}`;
    await this.comparisons.ask(
      id,
      spec.name,
      routed(envelop(question, { source: 'ingress-gateway', subject, traceparent: activeTraceparent() })),
    );
    this.relay.wake();
    const told = await this.comparisons.awaited<Pick<DiffView, 'tree' | 'parts' | 'next' | 'server'>>(
      id,
      this.settings.diffTimeoutMs,
    );
    if (!told) throw new NoAnswerError(spec.name, this.settings.diffTimeoutMs);
    if ('code' in told) throw new PodwayError(told.code, told.detail);
    return { ...view, ...told.answer };
  }

  private async release(pod: string, number: number): Promise<ReleaseEntity> {
    const release = await this.deployments.release(pod, number);
    if (!release) throw new NotFoundError('release', number);
    if (!(await this.kept.of(pod)).includes(number)) throw new ReleaseNotKeptError(pod, number);
    return release;
  }
}

const NO_CHANGES: DiffView['tree'] = { added: 0, changed: 0, removed: 0, entries: [], more: false };

function keptState({ number, treeId, fingerprint }: ReleaseEntity): KeptState {
  return { release: number, treeId, fingerprint };
}

import type {
  AppliedPodsView,
  DeadLetterList,
  DeploymentDetailView,
  DeploymentList,
  DeploymentsQuery,
  Envelope,
  GoBackRequest,
  NewKeyRequest,
  NewKeyView,
  PodDetailView,
  PodList,
  PodsFile,
  ReleaseList,
  ReplayedView,
  ReplayRequest,
  UpdateView,
} from '@podway/contracts';
import { Connection, type Call, type ConnectionOptions } from './connection.js';
import { DeploymentHandle, PublishedUpdate } from './deployment-handle.js';
import { followedEvents, lastSequence, type EventsOptions } from './followed-events.js';

/** A bundle: bytes, or a function that gives them as a new stream for every attempt. */
export type Bundle = Uint8Array | Blob | (() => ReadableStream<Uint8Array>);

export interface PublishOptions {
  /** Default: the target in the bundle's manifest. */
  readonly pod?: string;
  /** What the update is, in the publisher's words. */
  readonly label?: string;
  /** The same key with the same bundle publishes once. Default: a new one, so that attempts of this call count once. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export type PodwayOptions = ConnectionOptions;

const segment = encodeURIComponent;

/**
 * The API of Podway. Every method rejects with an `ApiError` when Podway refuses and an `UnreachableError` when it does
 * not answer; calls that may be repeated are, while it is away.
 */
export class Podway {
  private readonly connection: Connection;

  constructor(options: PodwayOptions) {
    this.connection = new Connection(options);
  }

  /** Publishes a bundle. Resolves when it is accepted; the handle waits for the rest. */
  publish(bundle: Bundle, options: PublishOptions = {}): Promise<PublishedUpdate> {
    const body = typeof bundle === 'function' ? bundle : () => bundle;
    return this.published(
      {
        query: { pod: options.pod, label: options.label },
        headers: { 'content-type': 'application/octet-stream' },
        body,
        unlimited: true,
      },
      options,
    );
  }

  /** Goes back to a release that the POD has kept: by default the one before the current. */
  goBack(
    request: GoBackRequest,
    options: Pick<PublishOptions, 'idempotencyKey' | 'signal'> = {},
  ): Promise<PublishedUpdate> {
    return this.published({ json: request }, options);
  }

  update(id: string): Promise<UpdateView> {
    return this.get(`/v1/updates/${segment(id)}`);
  }

  /** Newest first. */
  async deployments(query: DeploymentsQuery = {}): Promise<DeploymentList['deployments']> {
    const { pod, state, limit, before } = query;
    const list = await this.get<DeploymentList>('/v1/deployments', { pod, state, limit, before });
    return list.deployments;
  }

  /** A handle on a deployment: look, follow, wait. */
  deployment(id: string): DeploymentHandle {
    return new DeploymentHandle(this.connection, id);
  }

  /** Asks to stop; what was changed is rolled back. */
  abort(deploymentId: string, reason?: string): Promise<DeploymentDetailView> {
    const path = `/v1/deployments/${segment(deploymentId)}/abort`;
    return this.connection.json({ method: 'POST', path, json: reason === undefined ? {} : { reason } });
  }

  /** Takes up a failed roll-back again, after its cause was mended. For operators. */
  retry(deploymentId: string): Promise<DeploymentDetailView> {
    return this.connection.json({ method: 'POST', path: `/v1/deployments/${segment(deploymentId)}/retry` });
  }

  async pods(): Promise<PodList['pods']> {
    return (await this.get<PodList>('/v1/pods')).pods;
  }

  pod(name: string): Promise<PodDetailView> {
    return this.get(`/v1/pods/${segment(name)}`);
  }

  /** Makes the inventory what the file says. With `prune`, PODs that it does not name are removed. */
  async applyPods(file: PodsFile, { prune = false } = {}): Promise<AppliedPodsView['changes']> {
    const call = { method: 'PUT', path: '/v1/pods', json: file, query: { prune }, repeatable: true } as const;
    return (await this.connection.json<AppliedPodsView>(call)).changes;
  }

  /** Newest first. */
  async releases(pod: string, limit?: number): Promise<ReleaseList['releases']> {
    return (await this.get<ReleaseList>(`/v1/pods/${segment(pod)}/releases`, { limit })).releases;
  }

  /** Makes an API key. Its text is in the answer and nowhere else. */
  createKey(request: NewKeyRequest): Promise<NewKeyView> {
    return this.connection.json({ method: 'POST', path: '/v1/keys', json: request });
  }

  async revokeKey(id: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: `/v1/keys/${segment(id)}` });
  }

  /** Events, in order, over as many connections as it takes. */
  events(options: EventsOptions = {}): AsyncGenerator<Envelope, void, undefined> {
    return followedEvents(this.connection, options);
  }

  /** The highest sequence of an event so far: where `events({ upTo })` may stop. */
  lastSequence(): Promise<number> {
    return lastSequence(this.connection);
  }

  deadLetters(query: { queue?: string; limit?: number } = {}): Promise<DeadLetterList> {
    return this.get('/v1/dead-letters', query);
  }

  /** Puts dead letters back into the queues that they died on. Resolves with how many. */
  async replayDeadLetters(request: ReplayRequest = {}): Promise<number> {
    const call = { method: 'POST', path: '/v1/dead-letters/replay', json: request } as const;
    return (await this.connection.json<ReplayedView>(call)).replayed;
  }

  private get<T>(path: string, query: Call['query'] = {}): Promise<T> {
    return this.connection.json<T>({ method: 'GET', path, query });
  }

  private async published(
    call: Omit<Call, 'method' | 'path' | 'repeatable'>,
    { idempotencyKey, signal }: PublishOptions,
  ): Promise<PublishedUpdate> {
    const response = await this.connection.answer({
      ...call,
      method: 'POST',
      path: '/v1/updates',
      headers: { ...call.headers, 'idempotency-key': idempotencyKey ?? globalThis.crypto.randomUUID() },
      repeatable: true,
      ...(signal ? { signal } : {}),
    });
    const update = (await response.json()) as UpdateView;
    return new PublishedUpdate(this.connection, update, response.headers.has('idempotency-replayed'));
  }
}

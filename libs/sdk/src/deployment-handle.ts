import type { DeploymentChanged, DeploymentDetailView, Envelope, UpdateView } from '@podway/contracts';
import { DEPLOYMENT_CHANGED, isFinished } from '@podway/contracts/plain';
import type { Connection } from './connection.js';
import { followedEvents, type EventsOptions } from './followed-events.js';
import { pause } from './retry.js';
import { WaitEndedError } from './sdk.errors.js';

export interface WaitOptions {
  /** Default: as long as it takes. */
  readonly timeoutMs?: number;
  /** Stops waiting, never the deployment. */
  readonly signal?: AbortSignal;
}

type EventsOfOne = Omit<EventsOptions, 'deployment' | 'pod'>;

/** Besides following the events, a look at the deployment itself. */
const LOOK_EVERY_MS = 10_000;

/** One deployment, to look at and to wait for. Iterating over it gives its events up to its end. */
export class DeploymentHandle implements AsyncIterable<Envelope> {
  constructor(
    protected readonly connection: Connection,
    readonly deploymentId: string,
  ) {}

  /** The deployment as it is now. */
  get(signal?: AbortSignal): Promise<DeploymentDetailView> {
    const path = `/v1/deployments/${encodeURIComponent(this.deploymentId)}`;
    return this.connection.json({ method: 'GET', path, ...(signal ? { signal } : {}) });
  }

  [Symbol.asyncIterator](): AsyncIterator<Envelope> {
    return this.events();
  }

  /** All its events, those of the past included as long as they are kept; ends with the deployment. */
  async *events(options: EventsOfOne = {}): AsyncGenerator<Envelope, void, undefined> {
    if (await this.isForgotten(options.signal)) return;
    yield* this.eventsToTheEnd(options);
  }

  /** Whether it is over, and the event of its end, which would end the events, was removed long ago. */
  private async isForgotten(signal?: AbortSignal): Promise<boolean> {
    try {
      const { state, stages } = await this.get(signal);
      return isFinished(state) && !stages.some((stage) => isFinished(stage.state));
    } catch (error) {
      if (signal?.aborted) return false;
      throw error;
    }
  }

  private async *eventsToTheEnd(options: EventsOfOne): AsyncGenerator<Envelope, void, undefined> {
    const all = followedEvents(this.connection, { after: 0, ...options, deployment: this.deploymentId });
    for await (const event of all) {
      yield event;
      if (event.type === DEPLOYMENT_CHANGED && isFinished((event.data as DeploymentChanged).to)) return;
    }
  }

  /**
   * The deployment once it has finished, however it ended.
   * @throws WaitEndedError when the time is over, or the signal is aborted, before that.
   */
  async wait({ timeoutMs, signal }: WaitOptions = {}): Promise<DeploymentDetailView> {
    const done = new AbortController();
    const limits = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
    const either = AbortSignal.any([done.signal, ...limits.filter((one) => one !== undefined)]);
    try {
      await Promise.race([this.followed(either), this.looked(either)]);
      either.throwIfAborted();
      return await this.get(either);
    } catch (error) {
      if (!either.aborted) throw error;
      throw new WaitEndedError(this.deploymentId, await this.stateNow());
    } finally {
      done.abort();
    }
  }

  private async followed(signal: AbortSignal): Promise<void> {
    for await (const event of this.eventsToTheEnd({ types: [DEPLOYMENT_CHANGED], signal })) void event;
  }

  private async looked(signal: AbortSignal): Promise<void> {
    while (!isFinished((await this.get(signal)).state)) await pause(LOOK_EVERY_MS, signal);
  }

  private async stateNow(): Promise<string | undefined> {
    const now = await this.connection
      .once({ method: 'GET', path: `/v1/deployments/${encodeURIComponent(this.deploymentId)}` })
      .then((response) => response.json() as Promise<DeploymentDetailView>)
      .catch(() => undefined);
    return now?.state;
  }
}

/** An update that was accepted, and the deployment that it started. */
export class PublishedUpdate extends DeploymentHandle {
  constructor(
    connection: Connection,
    readonly update: UpdateView,
    /** The same request was accepted before; nothing new was started. */
    readonly replayed: boolean,
  ) {
    super(connection, update.deploymentId);
  }

  /** A handle on each deployment of the update, in the order of its PODs. */
  get deployments(): readonly DeploymentHandle[] {
    return this.update.deployments.map(({ id }) => new DeploymentHandle(this.connection, id));
  }
}

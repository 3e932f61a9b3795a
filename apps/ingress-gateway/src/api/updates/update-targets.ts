import { Injectable } from '@nestjs/common';
import type { BundleTarget, PodSpec, PublishQuery, UpdateMode } from '@podway/contracts';
import { may, Resources, type Identity } from '@podway/persistence';
import { EVERY_CLIENT } from '../identity/caller.js';
import { PodLookup } from '../pods/pod-lookup.js';
import {
  NoTargetError,
  NotFoundError,
  SeveralClientsError,
  TargetUnclearError,
} from '../problems/api.errors.js';

/** The PODs that an update goes to: all of one client. */
export interface UpdateTargets {
  readonly client: string;
  readonly pods: readonly PodSpec[];
  /** Set where there are several. */
  readonly mode?: UpdateMode;
  /** The resource that was named. */
  readonly resource?: string;
}

/** What a publisher may name. */
export type NamedTarget = Pick<PublishQuery, 'pod' | 'pods' | 'resource' | 'client' | 'mode'>;

const DEFAULT_MODE: UpdateMode = 'in-order';

/** FIG. 2, 208, as far as it is seen at the edge: which PODs does the update name? */
@Injectable()
export class TargetLookup {
  constructor(
    private readonly pods: PodLookup,
    private readonly resources: Resources,
  ) {}

  /**
   * What the request names goes before what the manifest names.
   * @throws NoTargetError, TargetUnclearError, NotFoundError, SeveralClientsError
   */
  async find(caller: Identity, asked: NamedTarget, manifest?: BundleTarget): Promise<UpdateTargets> {
    const named = namedBy(asked) ?? (manifest && namedBy({ ...manifest, pods: manifest.pods?.join(',') }));
    if (!named) throw new NoTargetError();
    const mode = asked.mode ?? manifest?.mode;
    if (named.resource === undefined) return this.targets(caller, named.pods, mode);
    const client = asked.client ?? (caller.client === EVERY_CLIENT ? undefined : caller.client);
    if (client === undefined) throw new TargetUnclearError("A resource is a client's: give ?client= with it");
    const resource = await this.resources.find(client, named.resource);
    // One whose PODs the caller does not see looks the same as one that is not there.
    if (!resource?.pods.every((pod) => may(caller, 'view', client, pod)))
      throw new NotFoundError('resource', named.resource);
    const targets = await this.targets(caller, resource.pods, mode ?? resource.mode ?? undefined);
    return { ...targets, resource: resource.name };
  }

  private async targets(
    caller: Identity,
    names: readonly string[],
    mode: UpdateMode | undefined,
  ): Promise<UpdateTargets> {
    const pods: PodSpec[] = [];
    for (const name of names) pods.push((await this.pods.find(caller, name)).spec);
    const [first, ...others] = pods;
    if (!first) throw new NoTargetError();
    if (others.some((pod) => pod.client !== first.client)) throw new SeveralClientsError();
    return { client: first.client, pods, ...(others.length === 0 ? {} : { mode: mode ?? DEFAULT_MODE }) };
  }
}

/** What is named, or undefined when nothing is. */
function namedBy({ pod, pods, resource }: NamedTarget): { pods: string[]; resource?: string } | undefined {
  const ways = [pod, pods, resource].filter((way) => way !== undefined);
  if (ways.length === 0) return undefined;
  if (ways.length > 1) throw new TargetUnclearError('Name one of pod, pods and resource, not several');
  const names = pods?.split(',') ?? (pod === undefined ? [] : [pod]);
  if (new Set(names).size < names.length) throw new TargetUnclearError('A POD is named twice');
  return { pods: names, ...(resource === undefined ? {} : { resource }) };
}

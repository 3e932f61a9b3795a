import { Controller, Param } from '@nestjs/common';
import {
  AppliedPodsView,
  ApplyPodsQuery,
  PodDetailView,
  PodList,
  PodsFile,
  ReleaseList,
  ReleasesQuery,
} from '@podway/contracts';
import { DeploymentReader, Inventory, Rotation, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller, clientScope } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { PodLookup } from './pod-lookup.js';
import { podDetail, podView, releaseView } from './pod.view.js';
import { refuseUnclearPods } from './unclear-pods.js';

/** Largest inventory file, as JSON. */
const PODS_FILE_LIMIT_BYTES = 8 * 1024 * 1024;

/** The inventory, and what is known about each POD in it. */
@Controller()
export class PodsController {
  constructor(
    private readonly inventory: Inventory,
    private readonly deployments: DeploymentReader,
    private readonly rotation: Rotation,
    private readonly lookup: PodLookup,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/pods',
    operationId: 'listPods',
    summary: 'The PODs that the caller may see',
    role: 'viewer',
    answer: { status: 200, description: 'PODs, by name.', json: PodList },
  })
  async list(@Caller() caller: Identity): Promise<PodList> {
    const client = clientScope(caller);
    const pods = await this.inventory.list(client === undefined ? {} : { client });
    const names = pods.map((pod) => pod.spec.name);
    const [releases, activity] = await Promise.all([
      this.deployments.currentReleases(names),
      this.deployments.activity(names),
    ]);
    const release = new Map(releases.map((row) => [row.pod, row]));
    const active = new Map(activity.map((row) => [row.pod, row]));
    return {
      pods: pods.map((pod) => podView(pod, release.get(pod.spec.name), active.get(pod.spec.name))),
    };
  }

  @Endpoint({
    method: 'put',
    path: '/v1/pods',
    operationId: 'applyPods',
    summary: 'Make the inventory what the file says',
    role: 'admin',
    query: ApplyPodsQuery,
    body: { json: PodsFile },
    answer: { status: 200, description: 'What was changed.', json: AppliedPodsView },
    problems: [400, 409, 413, 415, 422],
  })
  async apply(
    @Caller() caller: Identity,
    @QueryOf(ApplyPodsQuery) query: ApplyPodsQuery,
    @JsonBody(PodsFile, { limitBytes: PODS_FILE_LIMIT_BYTES }) file: PodsFile,
  ): Promise<AppliedPodsView> {
    refuseUnclearPods(file.pods);
    const changes = await this.inventory.apply(file.pods, caller.keyId, { prune: query.prune === 'true' });
    return { changes };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/pods/:id',
    operationId: 'getPod',
    summary: 'One POD and its servers',
    role: 'viewer',
    answer: { status: 200, description: 'The POD.', json: PodDetailView },
    problems: [404],
  })
  async one(@Caller() caller: Identity, @Param('id') id: string): Promise<PodDetailView> {
    const pod = await this.lookup.find(caller, id);
    const names = pod.spec.servers.map((server) => server.name);
    const [[release], [activity], status, inRotation] = await Promise.all([
      this.deployments.currentReleases([id]),
      this.deployments.activity([id]),
      this.deployments.serverStatus(id),
      this.rotation.inRotation(id, names),
    ]);
    return podDetail(podView(pod, release, activity), pod, { release, status, inRotation });
  }

  @Endpoint({
    method: 'get',
    path: '/v1/pods/:id/releases',
    operationId: 'listReleases',
    summary: 'The releases of a POD, newest first',
    role: 'viewer',
    query: ReleasesQuery,
    answer: { status: 200, description: 'Releases.', json: ReleaseList },
    problems: [404, 422],
  })
  async releases(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @QueryOf(ReleasesQuery) query: ReleasesQuery,
  ): Promise<ReleaseList> {
    await this.lookup.find(caller, id);
    const releases = await this.deployments.releases(id, query.limit ?? 100);
    return { releases: releases.map((release) => releaseView(release, releases[0]?.number)) };
  }
}

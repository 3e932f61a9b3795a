import { Controller, Param } from '@nestjs/common';
import {
  AppliedPodsView,
  ApplyPodsQuery,
  PauseRequest,
  PodDetailView,
  PodList,
  PodsFile,
} from '@podway/contracts';
import {
  DeploymentReader,
  Inventory,
  PodPauses,
  Rotation,
  visibleTo,
  WriteFences,
  type Identity,
} from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { hostsOfApi } from '../../listening/listener-settings.js';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { PodLookup } from './pod-lookup.js';
import { ReleaseFactsReader } from '../releases/release-facts.js';
import { podDetail, podView } from './pod.view.js';
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
    private readonly pauses: PodPauses,
    private readonly lookup: PodLookup,
    private readonly facts: ReleaseFactsReader,
    private readonly settings: IngressGatewaySettings,
    private readonly fences: WriteFences,
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
    const pods = await this.inventory.list({ visible: visibleTo(caller) });
    const names = pods.map((pod) => pod.spec.name);
    const [releases, activity, pauses] = await Promise.all([
      this.deployments.currentReleases(names),
      this.deployments.activity(names),
      this.pauses.of(names),
    ]);
    const paused = new Map(pauses.map((row) => [row.pod, row]));
    const release = new Map(releases.map((row) => [row.pod, row]));
    const active = new Map(activity.map((row) => [row.pod, row]));
    return {
      pods: pods.map((pod) => {
        const { name } = pod.spec;
        return podView(pod, release.get(name), active.get(name), paused.get(name));
      }),
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
    refuseUnclearPods(file.pods, hostsOfApi(this.settings));
    const changes = await this.inventory.apply(file.pods, caller.keyId, {
      prune: query.prune === 'true',
      resources: file.resources ?? [],
    });
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
    const [[release], [activity], [pause], status, inRotation, facts, fence] = await Promise.all([
      this.deployments.currentReleases([id]),
      this.deployments.activity([id]),
      this.pauses.of([id]),
      this.deployments.serverStatus(id),
      this.rotation.inRotation(id, names),
      this.facts.of(id),
      this.fences.of(id),
    ]);
    const known = { release, status, inRotation, facts, fence };
    return podDetail(podView(pod, release, activity, pause), pod, known);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/pods/:id/pause',
    operationId: 'pausePod',
    summary: 'Let nothing begin in the POD; what runs goes on',
    role: 'publisher',
    body: { json: PauseRequest, optional: true },
    answer: { status: 200, description: 'The POD.', json: PodDetailView },
    problems: [400, 404, 415, 422],
  })
  async pause(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(PauseRequest, { optional: true }) { reason }: PauseRequest,
  ): Promise<PodDetailView> {
    await this.lookup.find(caller, id);
    await this.pauses.pause(id, caller.keyId, reason);
    return this.one(caller, id);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/pods/:id/resume',
    operationId: 'resumePod',
    summary: 'Let updates of the POD begin again',
    role: 'publisher',
    answer: { status: 200, description: 'The POD.', json: PodDetailView },
    problems: [404],
  })
  async resume(@Caller() caller: Identity, @Param('id') id: string): Promise<PodDetailView> {
    await this.lookup.find(caller, id);
    await this.pauses.resume(id);
    return this.one(caller, id);
  }
}

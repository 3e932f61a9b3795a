import { Controller, Param } from '@nestjs/common';
import { ulid } from 'ulid';
import { CheckRequest, CheckRequested, DriftView, envelop, RequestedCheckView } from '@podway/contracts';
import { routed } from '@podway/messaging';
import { DeploymentReader, DriftReader, OutboxRelay, Rotation, type Identity } from '@podway/persistence';
import { activeTraceparent } from '@podway/telemetry';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { NoReleaseError, PodBusyError } from '../problems/api.errors.js';
import { driftView } from './drift.view.js';

/** Whether servers are still as they were proved. */
@Controller()
export class DriftController {
  constructor(
    private readonly drift: DriftReader,
    private readonly deployments: DeploymentReader,
    private readonly rotation: Rotation,
    private readonly relay: OutboxRelay,
    private readonly lookup: PodLookup,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/pods/:id/drift',
    operationId: 'getDrift',
    summary: "Whether the POD's servers are as they were proved, as last seen",
    role: 'viewer',
    answer: { status: 200, description: 'What the last look found.', json: DriftView },
    problems: [404],
  })
  async one(@Caller() caller: Identity, @Param('id') id: string): Promise<DriftView> {
    const { spec } = await this.lookup.find(caller, id);
    const names = spec.servers.map(({ name }) => name);
    const [[release], check, status, inRotation] = await Promise.all([
      this.deployments.currentReleases([id]),
      this.drift.check(id),
      this.deployments.serverStatus(id),
      this.rotation.inRotation(id, names),
    ]);
    return driftView(spec, { release: release?.number, check, status, inRotation });
  }

  @Endpoint({
    method: 'post',
    path: '/v1/pods/:id/drift',
    operationId: 'checkDrift',
    summary: "Look at the POD's servers now",
    role: 'publisher',
    body: { json: CheckRequest, optional: true },
    answer: { status: 202, description: 'They will be looked at.', json: RequestedCheckView },
    problems: [400, 404, 409, 415, 422],
  })
  async check(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(CheckRequest, { optional: true }) { deep = false }: CheckRequest,
  ): Promise<RequestedCheckView> {
    const { spec } = await this.lookup.find(caller, id);
    const [[release], [activity]] = await Promise.all([
      this.deployments.currentReleases([id]),
      this.deployments.activity([id]),
    ]);
    if (!release) throw new NoReleaseError(id);
    if (activity?.running) throw new PodBusyError(id, activity.running);
    const lookId = ulid();
    const request = Object.assign(new CheckRequested(), { lookId, pod: id, deep, by: caller.keyId });
    const subject = `${spec.client}/${id}`;
    await this.drift.request(
      routed(envelop(request, { source: 'ingress-gateway', subject, traceparent: activeTraceparent() })),
      {
        ...{ client: spec.client, pod: id, deep },
      },
    );
    this.relay.wake();
    return { id: lookId };
  }
}

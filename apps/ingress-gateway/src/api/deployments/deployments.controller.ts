import { Controller, Param } from '@nestjs/common';
import {
  AbortRequestBody,
  AbortRequested,
  ApprovalGranted,
  ApprovalRefused,
  ApprovalRequestBody,
  canAbort,
  DeploymentDetailView,
  DeploymentList,
  DeploymentsQuery,
  envelop,
  isFinished,
  RetryRequestBody,
  RetryRequested,
  ULID,
} from '@podway/contracts';
import { routed } from '@podway/messaging';
import { DeploymentReader, OutboxRelay, Updates, visibleTo, type Identity } from '@podway/persistence';
import { activeTraceparent } from '@podway/telemetry';
import { Endpoint } from '../endpoint.js';
import { Caller, refuseUnlessAllowed } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import {
  DeploymentFinishedError,
  NotFoundError,
  NothingToAbortError,
  NothingToApproveError,
  NothingToRetryError,
  OwnUpdateError,
} from '../problems/api.errors.js';
import { deploymentDetail, detailEventTypes, submittedDetail } from './deployment-detail.view.js';
import { deploymentView } from './deployment.view.js';
import { waitingView } from './waiting.view.js';

/** What an endpoint answers that has the coordinator do something. */
const asked = (how: string) => ({
  answer: { status: 202, description: `${how}. The deployment, as it is now.`, json: DeploymentDetailView },
  problems: [400, 404, 409, 415, 422],
});

/** What became of updates. Read from what the coordinator wrote; never changed here. */
@Controller()
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentReader,
    private readonly updates: Updates,
    private readonly relay: OutboxRelay,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/deployments',
    operationId: 'listDeployments',
    summary: 'Deployments, newest first',
    role: 'viewer',
    query: DeploymentsQuery,
    answer: { status: 200, description: 'A page of deployments.', json: DeploymentList },
    problems: [422],
  })
  async list(
    @Caller() caller: Identity,
    @QueryOf(DeploymentsQuery) query: DeploymentsQuery,
  ): Promise<DeploymentList> {
    const { pod, state, limit, before } = query;
    const found = await this.deployments.list({
      visible: visibleTo(caller),
      ...(pod === undefined ? {} : { pod }),
      ...(state === undefined ? {} : { states: [state] }),
      ...(before === undefined ? {} : { before }),
      limit: limit ?? 50,
    });
    return { deployments: found.map(deploymentView) };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/deployments/:id',
    operationId: 'getDeployment',
    summary: 'One deployment: stages, servers, evidence',
    role: 'viewer',
    answer: { status: 200, description: 'The deployment.', json: DeploymentDetailView },
    problems: [404],
  })
  one(@Caller() caller: Identity, @Param('id') id: string): Promise<DeploymentDetailView> {
    return this.find(caller, id);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/deployments/:id/abort',
    operationId: 'abortDeployment',
    summary: 'Stop going forward; what was changed is rolled back',
    role: 'publisher',
    body: { json: AbortRequestBody, optional: true },
    ...asked('The coordinator is asked to stop'),
  })
  async abort(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(AbortRequestBody, { optional: true }) body: AbortRequestBody,
  ): Promise<DeploymentDetailView> {
    const deployment = await this.find(caller, id);
    if (isFinished(deployment.state)) throw new DeploymentFinishedError(id, deployment.state);
    if (!canAbort(deployment.state)) throw new NothingToAbortError(id, deployment.state);
    const request = Object.assign(new AbortRequested(), {
      deploymentId: id,
      by: caller.keyId,
      ...(body.reason === undefined ? {} : { reason: body.reason }),
    });
    return this.ask(deployment, request);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/deployments/:id/retry',
    operationId: 'retryDeployment',
    summary: 'Take up a failed roll-back again, after its cause was mended',
    role: 'operator',
    body: { json: RetryRequestBody, optional: true },
    ...asked('The coordinator is asked to try again'),
  })
  async retry(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(RetryRequestBody, { optional: true }) { acceptLoss }: RetryRequestBody,
  ): Promise<DeploymentDetailView> {
    const deployment = await this.find(caller, id);
    if (deployment.state !== 'RollbackFailed') throw new NothingToRetryError(id, deployment.state);
    const said = { deploymentId: id, by: caller.keyId, ...(acceptLoss === undefined ? {} : { acceptLoss }) };
    return this.ask(deployment, Object.assign(new RetryRequested(), said));
  }

  @Endpoint({
    method: 'post',
    path: '/v1/deployments/:id/approve',
    operationId: 'approveDeployment',
    summary: 'Let the verified state of the canary go to all servers',
    role: 'approver',
    body: { json: ApprovalRequestBody, optional: true },
    ...asked('The coordinator is told'),
  })
  approve(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(ApprovalRequestBody, { optional: true }) body: ApprovalRequestBody,
  ): Promise<DeploymentDetailView> {
    return this.word(caller, id, new ApprovalGranted(), body);
  }

  @Endpoint({
    method: 'post',
    path: '/v1/deployments/:id/refuse',
    operationId: 'refuseDeployment',
    summary: 'Do not let the verified state go further: the canary is rolled back',
    role: 'approver',
    body: { json: ApprovalRequestBody, optional: true },
    ...asked('The coordinator is told'),
  })
  refuse(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @JsonBody(ApprovalRequestBody, { optional: true }) body: ApprovalRequestBody,
  ): Promise<DeploymentDetailView> {
    return this.word(caller, id, new ApprovalRefused(), body);
  }

  /** Four eyes: whoever published does not approve; refusing one's own is as good as an abort. */
  private async word(
    caller: Identity,
    id: string,
    word: ApprovalGranted | ApprovalRefused,
    { reason }: ApprovalRequestBody,
  ): Promise<DeploymentDetailView> {
    const deployment = await this.find(caller, id);
    if (deployment.state !== 'AwaitingApproval') throw new NothingToApproveError(id, deployment.state);
    if (word instanceof ApprovalGranted && deployment.publisher === caller.keyId)
      throw new OwnUpdateError(id);
    const said = { deploymentId: id, by: caller.keyId, ...(reason === undefined ? {} : { reason }) };
    return this.ask(deployment, Object.assign(word, said));
  }

  private async ask(deployment: DeploymentDetailView, request: object): Promise<DeploymentDetailView> {
    const subject = `${deployment.client}/${deployment.pod}`;
    await this.updates.send(
      routed(envelop(request, { source: 'ingress-gateway', subject, traceparent: activeTraceparent() })),
    );
    this.relay.wake();
    return deployment;
  }

  private async find(caller: Identity, id: string): Promise<DeploymentDetailView> {
    const view = ULID.test(id) ? await this.detail(id) : undefined;
    const missing = new NotFoundError('deployment', id);
    if (!view) throw missing;
    refuseUnlessAllowed(caller, view, missing);
    return view;
  }

  private async detail(id: string): Promise<DeploymentDetailView | undefined> {
    const deployment = await this.deployments.byId(id);
    if (deployment) {
      const history = await this.deployments.history(id, detailEventTypes);
      return deploymentDetail(deployment, history, await waitingView(deployment, this.deployments));
    }
    const update = await this.updates.byDeployment(id);
    return update ? submittedDetail(update) : undefined;
  }
}

import type {
  BrokerUserList,
  NewBrokerUserRequest,
  NewBrokerUserView,
  AppliedPodsView,
  ChangeClientRequest,
  ChangeVariablesRequest,
  ClientList,
  ClientsQuery,
  ClientVariablesView,
  ClientView,
  AuditList,
  AuditQuery,
  AuditVerificationView,
  CallerView,
  ArtifactList,
  ArtifactsQuery,
  CollectionView,
  CollectRequest,
  DeadLetterList,
  DelegationList,
  DelegationsQuery,
  DelegationView,
  DeploymentDetailView,
  DeploymentList,
  DeploymentsQuery,
  Envelope,
  FleetQuery,
  FleetView,
  FollowLogsQuery,
  GoBackRequest,
  KeyList,
  KeysQuery,
  LogLine,
  LogPage,
  LogsQuery,
  NewClientRequest,
  NewDelegationRequest,
  NewKeyRequest,
  OperationsView,
  NewKeyView,
  NewTrustRequest,
  NewSigningKeyRequest,
  PlanRequest,
  PlanView,
  PodSigningView,
  PodDetailView,
  PodList,
  PodsFile,
  QuotaRequest,
  QuotaView,
  CheckRequest,
  DiagnosisView,
  DiffQuery,
  DiffView,
  DriftView,
  ReleaseDetailView,
  ReleaseList,
  RequestedCheckView,
  ReplayedView,
  ReplayRequest,
  ResourceList,
  UpdateMode,
  TrustList,
  TrustsQuery,
  TrustView,
  SigningKeyList,
  SigningKeyView,
  UpdateView,
} from '@podway/contracts';
import { Connection, type Call, type ConnectionOptions } from './connection.js';
import { DeploymentHandle, PublishedUpdate } from './deployment-handle.js';
import { followedEvents, lastSequence, type EventsOptions } from './followed-events.js';
import { followedLogs } from './followed-logs.js';
import type { FollowOptions } from './followed-stream.js';
import { Webhooks } from './webhooks.js';

/** A bundle: bytes, or a function that gives them as a new stream for every attempt. */
export type Bundle = Uint8Array | Blob | (() => ReadableStream<Uint8Array>);

export interface PublishOptions {
  /** Default: the target in the bundle's manifest. */
  readonly pod?: string;
  /** Instead of `pod`: several PODs, in this order. */
  readonly pods?: readonly string[];
  /** Instead of `pod`: one of the client's resources, which means all its PODs. */
  readonly resource?: string;
  /** Client of the resource; for the hosting service's own keys. */
  readonly client?: string;
  /** How several PODs are done. */
  readonly mode?: UpdateMode;
  /** Windows do not hold it up. For operators. */
  readonly urgent?: boolean;
  /** What the update is, in the publisher's words. */
  readonly label?: string;
  /** Why it is made: kept with the release. */
  readonly reason?: string;
  /** Also when a release with this content is marked bad. */
  readonly force?: boolean;
  /** The same key with the same bundle publishes once. Default: a new one, so that attempts of this call count once. */
  readonly idempotencyKey?: string;
  /** A signed statement about the update, as the header `Podway-Signature` takes it. */
  readonly signature?: string;
  readonly signal?: AbortSignal;
}

export type PodwayOptions = ConnectionOptions;

const segment = encodeURIComponent;
const releasesOf = (pod: string): string => `/v1/pods/${segment(pod)}/releases`;
const logsOf = (deploymentId: string): string => `/v1/deployments/${segment(deploymentId)}/logs`;
const brokerUsersOf = (client: string): string => `/v1/clients/${segment(client)}/broker-users`;

/**
 * The API of Podway. Every method rejects with an `ApiError` when Podway refuses and an `UnreachableError` when it does
 * not answer; calls that may be repeated are, while it is away.
 */
export class Podway {
  /** For what runs on Node only: uploads of folders. */
  readonly connection: Connection;
  readonly webhooks: Webhooks;

  constructor(options: PodwayOptions) {
    this.connection = new Connection(options);
    this.webhooks = new Webhooks(this.connection);
  }

  /** Publishes a bundle. Resolves when it is accepted; the handle waits for the rest. */
  publish(bundle: Bundle, options: PublishOptions = {}): Promise<PublishedUpdate> {
    const body = typeof bundle === 'function' ? bundle : () => bundle;
    return this.published(
      {
        query: queryOf(options),
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
    options: Pick<PublishOptions, 'idempotencyKey' | 'signature' | 'signal'> = {},
  ): Promise<PublishedUpdate> {
    return this.published({ json: request }, options);
  }

  /** Publishes an artifact that the POD's client has stored. */
  publishArtifact(
    request: GoBackRequest & { artifact: string },
    options: Pick<PublishOptions, 'idempotencyKey' | 'signal'> = {},
  ): Promise<PublishedUpdate> {
    return this.published({ json: request }, options);
  }

  /** What an update with such a bundle would do. Nothing is kept, begun or changed. */
  plan(request: PlanRequest): Promise<PlanView> {
    return this.connection.json({
      method: 'POST',
      path: '/v1/plans',
      json: request,
      repeatable: true,
      unlimited: true,
    });
  }

  /** Newest first. `pod`: only those of its client. */
  async artifacts(query: ArtifactsQuery = {}): Promise<ArtifactList['artifacts']> {
    const { pod, limit } = query;
    return (await this.get<ArtifactList>('/v1/artifacts', { pod, limit })).artifacts;
  }

  /** Removes what nothing needs any more. For operators. */
  collectArtifacts(request: CollectRequest = {}): Promise<CollectionView> {
    return this.connection.json({ method: 'POST', path: '/v1/artifacts/collect', json: request });
  }

  quota(client: string): Promise<QuotaView> {
    return this.get(`/v1/clients/${segment(client)}/quota`);
  }

  /** Sets a client's limits; what is left out has the default. For operators. */
  setQuota(client: string, limits: QuotaRequest): Promise<QuotaView> {
    const path = `/v1/clients/${segment(client)}/quota`;
    return this.connection.json({ method: 'PUT', path, json: limits, repeatable: true });
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

  /** A page of what installers and checks have said on the servers. `after`: the page before's `next`. */
  logs(deploymentId: string, query: LogsQuery = {}): Promise<LogPage> {
    return this.get(logsOf(deploymentId), { ...query });
  }

  /** The same line by line: what is there, then what comes, over as many connections as it takes. Ends with the deployment. */
  followLogs(
    deploymentId: string,
    query: FollowLogsQuery = {},
    options: FollowOptions = {},
  ): AsyncGenerator<LogLine, void, undefined> {
    return followedLogs(this.connection, `${logsOf(deploymentId)}/stream`, query, options);
  }

  /** Asks to stop; what was changed is rolled back. */
  abort(deploymentId: string, reason?: string): Promise<DeploymentDetailView> {
    const path = `/v1/deployments/${segment(deploymentId)}/abort`;
    return this.connection.json({ method: 'POST', path, json: reason === undefined ? {} : { reason } });
  }

  /**
   * Takes up a failed roll-back again, after its cause was mended. With `acceptLoss`, also where that loses what users
   * have written to databases since the update (STATE.LOSS_WINDOW). For operators.
   */
  retry(deploymentId: string, options: { acceptLoss?: boolean } = {}): Promise<DeploymentDetailView> {
    const path = `/v1/deployments/${segment(deploymentId)}/retry`;
    return this.connection.json({ method: 'POST', path, json: options });
  }

  /** Lets the verified state of a canary that waits for an approval go to all servers. */
  approve(deploymentId: string, reason?: string): Promise<DeploymentDetailView> {
    return this.word(deploymentId, 'approve', reason);
  }

  /** Has a canary that waits for an approval rolled back. */
  refuse(deploymentId: string, reason?: string): Promise<DeploymentDetailView> {
    return this.word(deploymentId, 'refuse', reason);
  }

  /** Lets nothing begin in the POD. What runs goes on. */
  pause(pod: string, reason?: string): Promise<PodDetailView> {
    const path = `/v1/pods/${segment(pod)}/pause`;
    return this.connection.json({ method: 'POST', path, json: reason === undefined ? {} : { reason } });
  }

  resume(pod: string): Promise<PodDetailView> {
    return this.connection.json({ method: 'POST', path: `/v1/pods/${segment(pod)}/resume` });
  }

  /** Whose key it is, and what that one may do. */
  caller(): Promise<CallerView> {
    return this.get('/v1/caller');
  }

  /** A page of the PODs, the worst first, and how many there are of each kind. */
  fleet(query: FleetQuery = {}): Promise<FleetView> {
    return this.get('/v1/fleet', { ...query });
  }

  /** What clients call their own, and the PODs that serve it. */
  async resources(): Promise<ResourceList['resources']> {
    return (await this.get<ResourceList>('/v1/resources')).resources;
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

  /** Newest first. `before`: only those older than this number, the next page. */
  async releases(pod: string, limit?: number, before?: number): Promise<ReleaseList['releases']> {
    return (await this.get<ReleaseList>(releasesOf(pod), { limit, before })).releases;
  }

  /** One release and what it changed. */
  release(pod: string, number: number): Promise<ReleaseDetailView> {
    return this.get(`${releasesOf(pod)}/${number}`);
  }

  /** Its content is not deployed again without force. */
  markReleaseBad(pod: string, number: number, reason: string): Promise<ReleaseDetailView> {
    const path = `${releasesOf(pod)}/${number}/bad`;
    return this.connection.json({ method: 'POST', path, json: { reason } });
  }

  unmarkRelease(pod: string, number: number): Promise<ReleaseDetailView> {
    return this.connection.json({ method: 'DELETE', path: `${releasesOf(pod)}/${number}/bad` });
  }

  /** How two kept releases differ, file by file, a page of it. */
  diff(pod: string, query: DiffQuery): Promise<DiffView> {
    return this.get(`/v1/pods/${segment(pod)}/diff`, { ...query });
  }

  /** Whether a POD's servers are as they were proved, as last seen. */
  drift(pod: string): Promise<DriftView> {
    return this.get(`/v1/pods/${segment(pod)}/drift`);
  }

  /** Has a POD's servers looked at now. `drift` tells when it is done: its `lastCheck` is this look or a later one. */
  checkDrift(pod: string, request: CheckRequest = {}): Promise<RequestedCheckView> {
    return this.connection.json({ method: 'POST', path: `/v1/pods/${segment(pod)}/drift`, json: request });
  }

  /** Has a POD's servers looked at before an update: whether they are fit for one. Changes nothing on them. */
  diagnose(pod: string, signal?: AbortSignal): Promise<DiagnosisView> {
    const path = `/v1/pods/${segment(pod)}/diagnosis`;
    return this.connection.json({
      ...{ method: 'POST', path, unlimited: true },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Makes an API key. Its text is in the answer and nowhere else. */
  createKey(request: NewKeyRequest): Promise<NewKeyView> {
    return this.connection.json({ method: 'POST', path: '/v1/keys', json: request });
  }

  /** API keys, newest first; never their texts. For admins, as all of what follows about identities. */
  async keys(query: KeysQuery = {}): Promise<KeyList['keys']> {
    return (await this.get<KeyList>('/v1/keys', { ...query })).keys;
  }

  async revokeKey(id: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: `/v1/keys/${segment(id)}` });
  }

  createClient(request: NewClientRequest): Promise<ClientView> {
    return this.connection.json({ method: 'POST', path: '/v1/clients', json: request });
  }

  /** By name. */
  async clients(query: ClientsQuery = {}): Promise<ClientList['clients']> {
    return (await this.get<ClientList>('/v1/clients', { ...query })).clients;
  }

  client(name: string): Promise<ClientView> {
    return this.get(`/v1/clients/${segment(name)}`);
  }

  /** Disables or enables a client, or changes its note. */
  changeClient(name: string, change: ChangeClientRequest): Promise<ClientView> {
    const path = `/v1/clients/${segment(name)}`;
    return this.connection.json({ method: 'PUT', path, json: change, repeatable: true });
  }

  /** Values of bundles' variables for all PODs of a client. */
  clientVariables(name: string): Promise<ClientVariablesView> {
    return this.get(`/v1/clients/${segment(name)}/variables`);
  }

  /** Sets and unsets some; the others stay. */
  changeClientVariables(name: string, change: ChangeVariablesRequest): Promise<ClientVariablesView> {
    const path = `/v1/clients/${segment(name)}/variables`;
    return this.connection.json({ method: 'PUT', path, json: change, repeatable: true });
  }

  /** Takes an OIDC issuer's short-lived tokens for a client's publisher. */
  createTrust(request: NewTrustRequest): Promise<TrustView> {
    return this.connection.json({ method: 'POST', path: '/v1/trusts', json: request });
  }

  /** Newest first. */
  async trusts(query: TrustsQuery = {}): Promise<TrustList['trusts']> {
    return (await this.get<TrustList>('/v1/trusts', { ...query })).trusts;
  }

  async revokeTrust(id: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: `/v1/trusts/${segment(id)}` });
  }

  /** Lets a third party act on some PODs of a client, for a time. */
  createDelegation(request: NewDelegationRequest): Promise<DelegationView> {
    return this.connection.json({ method: 'POST', path: '/v1/delegations', json: request });
  }

  /** Newest first. */
  async delegations(query: DelegationsQuery = {}): Promise<DelegationList['delegations']> {
    return (await this.get<DelegationList>('/v1/delegations', { ...query })).delegations;
  }

  async revokeDelegation(id: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: `/v1/delegations/${segment(id)}` });
  }

  /** Lets a public key sign the updates of a client. */
  createSigningKey(request: NewSigningKeyRequest): Promise<SigningKeyView> {
    return this.connection.json({ method: 'POST', path: '/v1/signing-keys', json: request });
  }

  async signingKeys(): Promise<SigningKeyView[]> {
    return (await this.get<SigningKeyList>('/v1/signing-keys')).signingKeys;
  }

  async revokeSigningKey(id: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: `/v1/signing-keys/${segment(id)}` });
  }

  /** What must be known to sign an update of a POD. */
  podSigning(pod: string): Promise<PodSigningView> {
    return this.get(`/v1/pods/${segment(pod)}/signing`);
  }

  /** Records of the audit log, newest first; oldest first with `after`. For admins. */
  async audit(query: AuditQuery = {}): Promise<AuditList['records']> {
    return (await this.get<AuditList>('/v1/audit', { ...query })).records;
  }

  /** Whether the chain of the audit log holds. `head`: a record, as `seq:hash`, that must be there. */
  verifyAudit(head?: string): Promise<AuditVerificationView> {
    return this.connection.json({
      ...{ method: 'GET', path: '/v1/audit/verification', query: { head } },
      unlimited: true,
    });
  }

  /** Makes a user of RabbitMQ for a client. Its password is in the answer and nowhere else. */
  createBrokerUser(client: string, request: NewBrokerUserRequest = {}): Promise<NewBrokerUserView> {
    return this.connection.json({ method: 'POST', path: brokerUsersOf(client), json: request });
  }

  /** Of one client, newest first, revoked ones too. */
  async brokerUsers(client: string): Promise<BrokerUserList['brokerUsers']> {
    return (await this.get<BrokerUserList>(brokerUsersOf(client))).brokerUsers;
  }

  /** A new password; what was opened with the old one is ended. */
  rotateBrokerUser(client: string, name: string): Promise<NewBrokerUserView> {
    return this.connection.json({
      method: 'POST',
      path: `${brokerUsersOf(client)}/${segment(name)}/rotate`,
    });
  }

  async revokeBrokerUser(client: string, name: string): Promise<void> {
    await this.connection.answer({ method: 'DELETE', path: `${brokerUsersOf(client)}/${segment(name)}` });
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

  /** What waits, who works and how long stages take. For the hosting service. */
  operations(): Promise<OperationsView> {
    return this.get('/v1/operations');
  }

  /** Puts dead letters back into the queues that they died on. Resolves with how many. */
  async replayDeadLetters(request: ReplayRequest = {}): Promise<number> {
    const call = { method: 'POST', path: '/v1/dead-letters/replay', json: request } as const;
    return (await this.connection.json<ReplayedView>(call)).replayed;
  }

  private word(
    deploymentId: string,
    word: 'approve' | 'refuse',
    reason?: string,
  ): Promise<DeploymentDetailView> {
    const path = `/v1/deployments/${segment(deploymentId)}/${word}`;
    return this.connection.json({ method: 'POST', path, json: reason === undefined ? {} : { reason } });
  }

  private get<T>(path: string, query: Call['query'] = {}): Promise<T> {
    return this.connection.json<T>({ method: 'GET', path, query });
  }

  private async published(
    call: Omit<Call, 'method' | 'path' | 'repeatable'>,
    { idempotencyKey, signature, signal }: PublishOptions,
  ): Promise<PublishedUpdate> {
    const response = await this.connection.answer({
      ...call,
      method: 'POST',
      path: '/v1/updates',
      headers: {
        ...call.headers,
        ...(signature === undefined ? {} : { 'podway-signature': signature }),
        'idempotency-key': idempotencyKey ?? globalThis.crypto.randomUUID(),
      },
      repeatable: true,
      ...(signal ? { signal } : {}),
    });
    const update = (await response.json()) as UpdateView;
    return new PublishedUpdate(this.connection, update, response.headers.has('idempotency-replayed'));
  }
}

function queryOf(options: PublishOptions): Call['query'] {
  const { pod, pods, resource, client, mode, urgent, label, reason, force } = options;
  return { pod, pods: pods?.join(','), resource, client, mode, urgent, label, reason, force };
}

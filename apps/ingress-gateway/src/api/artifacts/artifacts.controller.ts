import { Controller } from '@nestjs/common';
import { ArtifactList, ArtifactsQuery, CollectionView, CollectRequest } from '@podway/contracts';
import { ArtifactCollection, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller, EVERY_CLIENT, sees } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { NotFoundError } from '../problems/api.errors.js';
import { ArtifactCollector } from './artifact-collector.js';

/** Stored artifacts: what is there, and what nothing needs any more. */
@Controller()
export class ArtifactsController {
  constructor(
    private readonly collection: ArtifactCollection,
    private readonly collector: ArtifactCollector,
    private readonly pods: PodLookup,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/artifacts',
    operationId: 'listArtifacts',
    summary: 'Stored artifacts, newest first',
    role: 'viewer',
    query: ArtifactsQuery,
    answer: { status: 200, description: 'The artifacts.', json: ArtifactList },
    problems: [404, 422],
  })
  async list(
    @Caller() caller: Identity,
    @QueryOf(ArtifactsQuery) { pod, limit }: ArtifactsQuery,
  ): Promise<ArtifactList> {
    const client = pod === undefined ? ownClient(caller) : (await this.pods.find(caller, pod)).spec.client;
    return { artifacts: await this.collection.list(client, limit ?? 100) };
  }

  @Endpoint({
    method: 'post',
    path: '/v1/artifacts/collect',
    operationId: 'collectArtifacts',
    summary:
      'Remove artifacts that nothing has needed for the time of retention, and uploads that were given up',
    role: 'operator',
    body: { json: CollectRequest, optional: true },
    answer: { status: 200, description: 'What was collected, or would be.', json: CollectionView },
    problems: [400, 415, 422],
  })
  collect(@JsonBody(CollectRequest, { optional: true }) request: CollectRequest): Promise<CollectionView> {
    return this.collector.collect({ dryRun: request.dryRun ?? false });
  }
}

/** The caller's client, or undefined for all. @throws NotFoundError for a credential that is for some PODs only. */
function ownClient(caller: Identity): string | undefined {
  if (caller.client === EVERY_CLIENT) return undefined;
  if (!sees(caller, caller.client)) throw new NotFoundError('client', caller.client);
  return caller.client;
}

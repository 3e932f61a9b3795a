import { Controller, Param } from '@nestjs/common';
import {
  DiffQuery,
  DiffView,
  MarkBadRequest,
  ReleaseDetailView,
  ReleaseList,
  ReleasesQuery,
} from '@podway/contracts';
import { DeploymentReader, ReleaseMarks, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { NotFoundError } from '../problems/api.errors.js';
import { ReleaseDiff } from './release-diff.js';
import { ReleaseFactsReader } from './release-facts.js';
import { releaseDetail, releaseView } from './release.view.js';

/** What a POD was and can be again: its releases. */
@Controller()
export class ReleasesController {
  constructor(
    private readonly deployments: DeploymentReader,
    private readonly facts: ReleaseFactsReader,
    private readonly marks: ReleaseMarks,
    private readonly diffs: ReleaseDiff,
    private readonly lookup: PodLookup,
  ) {}

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
  async list(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @QueryOf(ReleasesQuery) { limit = 100, before }: ReleasesQuery,
  ): Promise<ReleaseList> {
    await this.lookup.find(caller, id);
    const [releases, facts] = await Promise.all([
      this.deployments.releases(id, limit, before),
      this.facts.of(id),
    ]);
    return { releases: releases.map((release) => releaseView(release, facts)) };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/pods/:id/releases/:number',
    operationId: 'getRelease',
    summary: 'One release of a POD, and what it changed',
    role: 'viewer',
    answer: { status: 200, description: 'The release.', json: ReleaseDetailView },
    problems: [404],
  })
  async one(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Param('number') number: string,
  ): Promise<ReleaseDetailView> {
    await this.lookup.find(caller, id);
    const release = await this.deployments.release(id, numberOf(number));
    if (!release) throw new NotFoundError('release', number);
    return releaseDetail(release, await this.facts.of(id));
  }

  @Endpoint({
    method: 'post',
    path: '/v1/pods/:id/releases/:number/bad',
    operationId: 'markReleaseBad',
    summary: 'Mark a release bad: its content is not deployed again without force',
    role: 'publisher',
    body: { json: MarkBadRequest },
    answer: { status: 200, description: 'The release.', json: ReleaseDetailView },
    problems: [400, 404, 415, 422],
  })
  async markBad(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Param('number') number: string,
    @JsonBody(MarkBadRequest) { reason }: MarkBadRequest,
  ): Promise<ReleaseDetailView> {
    const release = await this.one(caller, id, number);
    await this.marks.mark(id, release.number, caller.keyId, reason);
    return this.one(caller, id, number);
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/pods/:id/releases/:number/bad',
    operationId: 'unmarkRelease',
    summary: 'Take the bad mark away',
    role: 'publisher',
    answer: { status: 200, description: 'The release.', json: ReleaseDetailView },
    problems: [404],
  })
  async unmark(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @Param('number') number: string,
  ): Promise<ReleaseDetailView> {
    const release = await this.one(caller, id, number);
    await this.marks.unmark(id, release.number);
    return this.one(caller, id, number);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/pods/:id/diff',
    operationId: 'diffReleases',
    summary: 'How two kept releases of a POD differ, file by file',
    role: 'viewer',
    query: DiffQuery,
    answer: { status: 200, description: 'The difference, a page of it.', json: DiffView },
    problems: [404, 409, 422, 503],
  })
  async diff(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @QueryOf(DiffQuery) query: DiffQuery,
  ): Promise<DiffView> {
    return this.diffs.between(await this.lookup.find(caller, id), query);
  }
}

function numberOf(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new NotFoundError('release', text);
  return Number(text);
}

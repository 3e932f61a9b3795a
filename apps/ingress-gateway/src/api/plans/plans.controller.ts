import { Controller } from '@nestjs/common';
import { PlanRequest, PlanView } from '@podway/contracts';
import type { Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { UpdatePlan } from './update-plan.js';

/** A description of the most entries, with long paths. */
const MOST_JSON_BYTES = 16 * 1024 * 1024;

/** What updates would do. */
@Controller()
export class PlansController {
  constructor(
    private readonly plan: UpdatePlan,
    private readonly lookup: PodLookup,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/plans',
    operationId: 'planUpdate',
    summary: 'Say what a bundle holds, hear what an update with it would do; nothing is kept or begun',
    role: 'publisher',
    body: { json: PlanRequest },
    answer: { status: 200, description: 'The plan.', json: PlanView },
    problems: [400, 404, 413, 415, 422],
  })
  async make(
    @Caller() caller: Identity,
    @JsonBody(PlanRequest, { limitBytes: MOST_JSON_BYTES }) request: PlanRequest,
  ): Promise<PlanView> {
    return this.plan.of(await this.lookup.find(caller, request.pod), request);
  }
}

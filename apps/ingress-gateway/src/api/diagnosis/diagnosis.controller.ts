import { Controller, Param } from '@nestjs/common';
import { ulid } from 'ulid';
import { DiagnosePod, DiagnosisView, envelop, PodwayError } from '@podway/contracts';
import { routed } from '@podway/messaging';
import { Comparisons, OutboxRelay, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { NoDiagnosisError } from '../problems/api.errors.js';

/** Whether servers are fit for an update: asked of a verifier, which has the keys to them. */
@Controller()
export class DiagnosisController {
  constructor(
    private readonly questions: Comparisons,
    private readonly relay: OutboxRelay,
    private readonly settings: IngressGatewaySettings,
    private readonly lookup: PodLookup,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/pods/:id/diagnosis',
    operationId: 'diagnosePod',
    summary: "Look whether the POD's servers are fit for an update; nothing is changed on them",
    role: 'publisher',
    answer: { status: 200, description: 'What was found, and how to mend it.', json: DiagnosisView },
    problems: [404, 503],
  })
  async diagnose(@Caller() caller: Identity, @Param('id') id: string): Promise<DiagnosisView> {
    const { spec, revision } = await this.lookup.find(caller, id);
    const lookId = ulid();
    const question = Object.assign(new DiagnosePod(), {
      ...{ lookId, client: spec.client, pod: id, podRevision: revision },
    });
    const subject = `${spec.client}/${id}`;
    await this.questions.ask(lookId, id, routed(envelop(question, { source: 'ingress-gateway', subject })));
    this.relay.wake();
    const { diagnosisTimeoutMs } = this.settings;
    const told = await this.questions.awaited<DiagnosisView>(lookId, diagnosisTimeoutMs);
    if (!told) throw new NoDiagnosisError(id, diagnosisTimeoutMs);
    if ('code' in told) throw new PodwayError(told.code, told.detail);
    return told.answer;
  }
}

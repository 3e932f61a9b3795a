import { ulid } from 'ulid';
import {
  childTraceparent,
  clientMessageTypes,
  Envelope,
  type ClientEnvelope,
  type UpdateAccepted,
  type UpdateRefused,
} from '@podway/contracts';
import type { ToldProblem } from '../problems/told-problem.js';
import type { Submission } from '../updates/update-intake.js';
import { updateView } from '../updates/update.view.js';

export function accepted(request: ClientEnvelope, client: string, submission: Submission): Envelope {
  const data: UpdateAccepted = { update: updateView(submission.update), replayed: submission.replayed };
  return answer(request, client, { type: clientMessageTypes.accepted, data });
}

export function refused(request: ClientEnvelope, client: string, told: ToldProblem): Envelope {
  const { code, detail, problems } = told;
  const data: UpdateRefused = { code, detail, ...(problems === undefined ? {} : { problems }) };
  return answer(request, client, { type: clientMessageTypes.refused, data });
}

function answer(
  request: ClientEnvelope,
  client: string,
  { type, data }: { type: string; data: object },
): Envelope {
  return Object.assign(new Envelope(), {
    id: ulid(),
    source: '/podway/ingress-gateway',
    type,
    subject: client,
    time: new Date().toISOString(),
    traceparent: childTraceparent(request.traceparent),
    data,
  });
}

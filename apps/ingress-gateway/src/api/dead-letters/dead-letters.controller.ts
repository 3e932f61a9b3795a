import { Controller, Inject } from '@nestjs/common';
import {
  DeadLetterList,
  DeadLettersQuery,
  ReplayedView,
  ReplayRequest,
  type DeadLetterView,
} from '@podway/contracts';
import type { Broker, DeadLetter } from '@podway/messaging';
import { Endpoint } from '../endpoint.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { BROKER } from '../tokens.js';

/** How much of a message is shown. */
const BODY_CHARACTERS = 16_384;

/** Messages that were given up: look, and put back. */
@Controller()
export class DeadLettersController {
  constructor(@Inject(BROKER) private readonly broker: Broker) {}

  @Endpoint({
    method: 'get',
    path: '/v1/dead-letters',
    operationId: 'listDeadLetters',
    summary: 'Messages that were given up, oldest first of each queue',
    role: 'operator',
    query: DeadLettersQuery,
    answer: { status: 200, description: 'Dead letters.', json: DeadLetterList },
    problems: [422],
  })
  async list(@QueryOf(DeadLettersQuery) query: DeadLettersQuery): Promise<DeadLetterList> {
    const letters = this.broker.deadLetters(query.queue);
    const [count, found] = await Promise.all([letters.count(), letters.list(query.limit ?? 50)]);
    return { count, deadLetters: found.map(deadLetterView) };
  }

  @Endpoint({
    method: 'post',
    path: '/v1/dead-letters/replay',
    operationId: 'replayDeadLetters',
    summary: 'Put dead letters back into the queues that they died on',
    role: 'operator',
    body: { json: ReplayRequest, optional: true },
    answer: { status: 200, description: 'How many were put back.', json: ReplayedView },
    problems: [400, 415, 422],
  })
  async replay(@JsonBody(ReplayRequest, { optional: true }) body: ReplayRequest): Promise<ReplayedView> {
    return { replayed: await this.broker.deadLetters(body.queue).replay(body.limit) };
  }
}

function deadLetterView({ body, ...letter }: DeadLetter): DeadLetterView {
  const text = new TextDecoder().decode(body.subarray(0, 4 * BODY_CHARACTERS));
  return { ...letter, body: text.slice(0, BODY_CHARACTERS) };
}

import { Controller, Headers, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { EventsQuery } from '@podway/contracts';
import { ApiKeys, EventFeed, type EventFilter, type Identity } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { Endpoint } from '../endpoint.js';
import { Caller, clientScope } from '../identity/caller.js';
import { QueryOf } from '../input/input.pipes.js';
import { BadRequestError } from '../problems/api.errors.js';
import { LOGGER, STOPPING } from '../tokens.js';
import { EventStream } from './event-stream.js';

const SEQUENCE = /^[0-9]{1,15}$/;

/** The public event log, from any sequence on, for as long as the reader stays. */
@Controller()
export class EventsController {
  constructor(
    private readonly feed: EventFeed,
    private readonly keys: ApiKeys,
    private readonly settings: IngressGatewaySettings,
    @Inject(STOPPING) private readonly stopping: AbortSignal,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/events',
    operationId: 'streamEvents',
    summary: 'Events as server-sent events; each is a CloudEvent',
    role: 'viewer',
    query: EventsQuery,
    headers: { 'Last-Event-ID': 'Sequence of the last event that the reader has.' },
    answer: {
      status: 200,
      description:
        'A stream without end. An event named `resync` says that the cursor cannot be continued from: read the state anew.',
      mediaType: 'text/event-stream',
    },
    problems: [400, 422],
  })
  async stream(
    @Caller() caller: Identity,
    @QueryOf(EventsQuery) query: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const stream = new EventStream(response, {
      feed: this.feed,
      filter: filterOf(caller, query),
      heartbeatMs: this.settings.eventsHeartbeatMs,
      stillAllowed: async () => (await this.keys.byId(caller.keyId)) !== undefined,
      onTrouble: (error) => this.logger.warn({ err: error }, 'events cannot be read'),
      signal: this.stopping,
    });
    await stream.run(cursorOf(lastEventId, query));
  }
}

function cursorOf(lastEventId: string | undefined, query: EventsQuery): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return query.after;
  if (!SEQUENCE.test(lastEventId)) {
    throw new BadRequestError('BAD_HEADER', 'Last-Event-ID must be the sequence of an event');
  }
  return Number(lastEventId);
}

function filterOf(caller: Identity, { pod, deployment, type }: EventsQuery): EventFilter {
  const client = clientScope(caller);
  return {
    ...(client === undefined ? {} : { client }),
    ...(pod === undefined ? {} : { pod }),
    ...(deployment === undefined ? {} : { deploymentId: deployment }),
    ...(type === undefined || type === '' ? {} : { types: type.split(',').map((one) => one.trim()) }),
  };
}

import { Controller, Headers, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { EventsQuery } from '@podway/contracts';
import {
  EventFeed,
  mayActAs,
  Publishers,
  visibleTo,
  type EventFilter,
  type Identity,
} from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { Endpoint } from '../endpoint.js';
import { Caller, tenantOf } from '../identity/caller.js';
import { QueryOf } from '../input/input.pipes.js';
import { lastEventId } from '../streams/last-event-id.js';
import { LOGGER, STOPPING } from '../tokens.js';
import { boundCdEventsOf, cdEventSources } from './cd-events.js';
import { EventStream, type Sight } from './event-stream.js';

/** The public event log, from any sequence on, for as long as the reader stays. */
@Controller()
export class EventsController {
  constructor(
    private readonly feed: EventFeed,
    private readonly publishers: Publishers,
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
    @Headers('last-event-id') header: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const stream = new EventStream(response, {
      feed: this.feed,
      sight: sightOf(caller, query),
      heartbeatMs: this.settings.eventsHeartbeatMs,
      renewed: () => this.renewed(caller, query),
      onTrouble: (error) => this.logger.warn({ err: error }, 'events cannot be read'),
      shown: query.format === 'cdevents' ? boundCdEventsOf : undefined,
      signal: this.stopping,
    });
    await stream.run(lastEventId(header, 'the sequence of an event') ?? query.after);
  }

  /** What the caller may see now; undefined when it may see nothing any more. */
  private async renewed(caller: Identity, query: EventsQuery): Promise<Sight | undefined> {
    if (caller.validUntil && caller.validUntil.getTime() <= Date.now()) return undefined;
    const now = await this.publishers.byId(caller.keyId);
    return now && mayActAs(now, 'viewer') ? sightOf(now, query) : undefined;
  }
}

function sightOf(caller: Identity, query: EventsQuery): Sight {
  return { filter: filterOf(caller, query), tenant: tenantOf(caller) };
}

function filterOf(caller: Identity, { client, pod, deployment, type, format }: EventsQuery): EventFilter {
  const asked = type === undefined || type === '' ? undefined : type.split(',').map((one) => one.trim());
  const types = asked ?? (format === 'cdevents' ? cdEventSources : undefined);
  return {
    visible: visibleTo(caller),
    ...(client === undefined ? {} : { client }),
    ...(pod === undefined ? {} : { pod }),
    ...(deployment === undefined ? {} : { deploymentId: deployment }),
    ...(types === undefined ? {} : { types }),
  };
}

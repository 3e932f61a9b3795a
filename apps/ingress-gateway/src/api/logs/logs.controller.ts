import { Controller, Headers, Inject, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { FollowLogsQuery, LogPage, LogsQuery } from '@podway/contracts';
import { LogFeed, Logs, Publishers, type Identity, type LogFilter } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { DeploymentLookup } from '../deployments/deployment-lookup.js';
import { Endpoint } from '../endpoint.js';
import { Caller, sees, tenantOf } from '../identity/caller.js';
import { QueryOf } from '../input/input.pipes.js';
import { lastEventId } from '../streams/last-event-id.js';
import { LOGGER, STOPPING } from '../tokens.js';
import { logLineView } from './log-line.view.js';
import { LogStream, type LogSight } from './log-stream.js';

const USUAL_LIMIT = 500;

/** What installers and checks have said on servers, from any line on. */
@Controller()
export class LogsController {
  constructor(
    private readonly deployments: DeploymentLookup,
    private readonly logs: Logs,
    private readonly feed: LogFeed,
    private readonly publishers: Publishers,
    private readonly settings: IngressGatewaySettings,
    @Inject(STOPPING) private readonly stopping: AbortSignal,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Endpoint({
    method: 'get',
    path: '/v1/deployments/:id/logs',
    operationId: 'listLogs',
    summary: 'What installers and checks of a deployment have said, in order',
    role: 'viewer',
    query: LogsQuery,
    answer: { status: 200, description: 'A page of lines.', json: LogPage },
    problems: [404, 422],
  })
  async page(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @QueryOf(LogsQuery) { after = 0, limit = USUAL_LIMIT, ...query }: LogsQuery,
  ): Promise<LogPage> {
    await this.deployments.find(caller, id);
    const found = await this.logs.read(id, { ...filterOf(query), after, limit });
    const next = found.length === limit ? found.at(-1)?.number : undefined;
    return { lines: found.map(logLineView), ...(next === undefined ? {} : { next }) };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/deployments/:id/logs/stream',
    operationId: 'streamLogs',
    summary: 'The same as server-sent events: what was said, then what is being said',
    role: 'viewer',
    query: FollowLogsQuery,
    headers: { 'Last-Event-ID': 'Number of the last line that the reader has.' },
    answer: {
      status: 200,
      description:
        'Each event is a line. An event named `end` tells the state of a deployment that is over, after its last line; then the stream ends.',
      mediaType: 'text/event-stream',
    },
    problems: [400, 404, 422],
  })
  async stream(
    @Caller() caller: Identity,
    @Param('id') id: string,
    @QueryOf(FollowLogsQuery) query: FollowLogsQuery,
    @Headers('last-event-id') header: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const after = lastEventId(header, 'the number of a line') ?? query.after ?? 0;
    const { client, pod } = await this.deployments.find(caller, id);
    const stream = new LogStream(response, {
      ...{ logs: this.logs, feed: this.feed, deploymentId: id, filter: filterOf(query) },
      sight: { tenant: tenantOf(caller) },
      state: async () => (await this.deployments.view(id))?.state,
      heartbeatMs: this.settings.eventsHeartbeatMs,
      renewed: () => this.renewed(caller, client, pod),
      onTrouble: (error) => this.logger.warn({ err: error }, 'logs cannot be read'),
      signal: this.stopping,
    });
    await stream.run(after);
  }

  /** Undefined when the caller may not see this deployment any more. */
  private async renewed(caller: Identity, client: string, pod: string): Promise<LogSight | undefined> {
    if (caller.validUntil && caller.validUntil.getTime() <= Date.now()) return undefined;
    const now = await this.publishers.byId(caller.keyId);
    return now && sees(now, client, pod) ? { tenant: tenantOf(now) } : undefined;
  }
}

function filterOf({ server, step, level, search }: FollowLogsQuery): Omit<LogFilter, 'after' | 'limit'> {
  return {
    ...(server === undefined ? {} : { server }),
    ...(step === undefined ? {} : { step }),
    ...(level === undefined ? {} : { level }),
    ...(search === undefined ? {} : { search }),
  };
}

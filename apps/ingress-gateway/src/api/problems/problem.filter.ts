import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { STATUS_CODES } from 'node:http';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { PodwayError, type Problem } from '@podway/contracts';
import { isDatabaseUnavailable, RateExceededError } from '@podway/persistence';
import { AuditRefusals } from '../audit/audit-refusals.js';
import { LOGGER } from '../tokens.js';
import { discardRest } from './discard-rest.js';
import { toldOf, type ToldProblem } from './told-problem.js';

const unavailable: ToldProblem = {
  status: 503,
  title: 'Not available now',
  code: 'SERVICE.UNAVAILABLE',
  detail: 'Podway cannot do this right now; try again in a moment',
};
const internal: ToldProblem = {
  status: 500,
  title: 'Internal error',
  code: 'SERVICE.INTERNAL_ERROR',
  detail: 'Something went wrong inside Podway; its log says what',
};

/** Every error of the API as `application/problem+json`. What is not meant for outside is logged, not told. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly refusals: AuditRefusals,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) {
      if (!request.destroyed) this.logger.warn({ err: error, path: request.path }, 'response cut short');
      response.destroy();
      return;
    }
    const told = this.told(error, request);
    await this.refusals.note(request, told);
    await discardRest(request, response);
    if (told.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (told.status === 503) response.setHeader('Retry-After', '1');
    if (error instanceof RateExceededError)
      response.setHeader('Retry-After', String(error.retryAfterSeconds));
    const problem: Problem = {
      type: `urn:podway:problem:${told.code}`,
      title: told.title,
      status: told.status,
      code: told.code,
      detail: told.detail,
      instance: request.path,
      ...(told.problems ? { problems: told.problems } : {}),
    };
    const body = JSON.stringify(problem);
    response
      .status(told.status)
      .setHeader('Content-Type', 'application/problem+json; charset=utf-8')
      .end(body);
  }

  private told(error: unknown, request: Request): ToldProblem {
    if (error instanceof HttpException) return ofFramework(error);
    const known = toldOf(error);
    if (known) return known;
    const away = isDatabaseUnavailable(error) || (error instanceof PodwayError && error.retryable);
    this.logger.error({ err: error, method: request.method, path: request.path }, 'request failed');
    return away ? unavailable : internal;
  }
}

/** What Nest and Express refuse by themselves: unknown routes, malformed addresses. */
function ofFramework(error: HttpException): ToldProblem {
  const status = error.getStatus();
  if (status >= 500) return status === 503 ? unavailable : internal;
  const title = STATUS_CODES[status] ?? 'Refused';
  return {
    status,
    title,
    code: `HTTP.${title.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`,
    detail: status === 404 ? 'Nothing answers to this method and path' : title,
  };
}

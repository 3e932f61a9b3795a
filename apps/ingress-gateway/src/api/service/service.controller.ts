import { Controller, Header, Inject, ServiceUnavailableException } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { Endpoint } from '../endpoint.js';
import { READY } from '../tokens.js';

/** Committed beside the sources, and kept with the built gateway. */
const openApiDocument = new URL('../../../openapi.json', import.meta.url);

/** About the gateway itself. */
@Controller()
export class ServiceController {
  constructor(@Inject(READY) private readonly isReady: () => boolean | Promise<boolean>) {}

  @Endpoint({
    method: 'get',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document',
    role: 'public',
    answer: { status: 200, description: 'OpenAPI 3.1.', mediaType: 'application/json' },
  })
  @Header('Content-Type', 'application/json; charset=utf-8')
  openApi(): Promise<string> {
    return readFile(openApiDocument, 'utf8');
  }

  @Endpoint({
    method: 'get',
    path: '/livez',
    operationId: 'isLive',
    summary: 'Whether the process answers',
    role: 'public',
    answer: { status: 200, description: 'It does.', mediaType: 'application/json' },
  })
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Endpoint({
    method: 'get',
    path: '/readyz',
    operationId: 'isReady',
    summary: 'Whether the gateway can do its work now',
    role: 'public',
    answer: { status: 200, description: 'It can.', mediaType: 'application/json' },
    problems: [503],
  })
  async ready(): Promise<{ status: string }> {
    const ready = await Promise.resolve(this.isReady()).catch(() => false);
    if (!ready) throw new ServiceUnavailableException();
    return { status: 'ok' };
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EndpointSpec } from './endpoint.js';

/** How long a browser may remember what it was told. */
const REMEMBERED_SECONDS = 600;
/** Headers of requests and of answers that no endpoint declares: every one has them. */
const OF_REQUESTS = ['Authorization', 'Content-Type', 'traceparent'];
const OF_ANSWERS = ['Retry-After'];

/**
 * Lets pages of these origins call these endpoints from browsers, each with a key of its own: nothing is sent by itself,
 * as cookies would be. https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function crossOrigin(origins: readonly string[], endpoints: readonly EndpointSpec[]) {
  const methods = listed(endpoints.map(({ method }) => method.toUpperCase()));
  const asked = listed([...OF_REQUESTS, ...endpoints.flatMap(({ headers = {} }) => Object.keys(headers))]);
  const shown = listed([
    ...OF_ANSWERS,
    ...endpoints.flatMap(({ answer: { headers = {} } }) => Object.keys(headers)),
  ]);
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (origins.length === 0) return next();
    response.setHeader('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return next();
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', shown);
    const before = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers;
    if (!before) return next();
    response.writeHead(204, {
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': asked,
      'Access-Control-Max-Age': String(REMEMBERED_SECONDS),
    });
    response.end();
  };
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}

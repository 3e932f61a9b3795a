import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { BadRequestError } from '../problems/api.errors.js';

/**
 * A request's body as a stream of its own: who gives it up does not close the connection that the answer goes over.
 * Fails with HTTP.BODY_CUT_SHORT when the connection ends before the body does.
 */
export function bodyStream(request: IncomingMessage): Readable {
  const body = new PassThrough({ highWaterMark: 256 * 1024 });
  const cut = (): void => {
    if (!request.complete)
      body.destroy(new BadRequestError('BODY_CUT_SHORT', 'The connection ended before the body did'));
  };
  request.on('close', cut).on('error', cut);
  body.on('error', () => undefined).on('close', () => request.off('close', cut).unpipe(body));
  return request.pipe(body);
}

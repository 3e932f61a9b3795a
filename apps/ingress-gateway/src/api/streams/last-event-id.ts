import { BadRequestError } from '../problems/api.errors.js';

const CURSOR = /^[0-9]{1,15}$/;

/** Where a reader stands by its header `Last-Event-ID`; undefined without one. `what`: what the header has to be. */
export function lastEventId(header: string | undefined, what: string): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (CURSOR.test(header)) return Number(header);
  throw new BadRequestError('BAD_HEADER', `Last-Event-ID must be ${what}`);
}

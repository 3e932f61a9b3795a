import { createParamDecorator, Query, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import type { Request } from 'express';
import { validated } from '@podway/contracts';
import { refuseUnstorableText } from './storable-text.js';
import { readJson } from './read-json.js';

/** Most that a JSON body may have, unless the endpoint says otherwise. */
export const JSON_LIMIT_BYTES = 1024 * 1024;

class ReadJsonBody<T extends object> implements PipeTransform<Request, Promise<T>> {
  constructor(
    private readonly type: new () => T,
    private readonly limitBytes: number,
    private readonly optional: boolean,
  ) {}

  async transform(request: Request): Promise<T> {
    const json = await readJson(request, this.limitBytes);
    const plain = json === undefined && this.optional ? {} : json;
    return validated(this.type, plain, { strict: true, subject: 'The body' });
  }
}

class ReadQuery<T extends object> implements PipeTransform<object, T> {
  constructor(private readonly type: new () => T) {}

  transform(query: object): T {
    refuseUnstorableText('The query', query);
    return validated(this.type, { ...query }, { strict: true, subject: 'The query' });
  }
}

const TheRequest = createParamDecorator((_: unknown, context: ExecutionContext) =>
  context.switchToHttp().getRequest<Request>(),
);

/** The JSON body, validated; read only after the guard has let the caller in. */
export function JsonBody<T extends object>(
  type: new () => T,
  { limitBytes = JSON_LIMIT_BYTES, optional = false } = {},
): ParameterDecorator {
  return TheRequest(new ReadJsonBody(type, limitBytes, optional));
}

/** The query string, validated. */
export function QueryOf<T extends object>(type: new () => T): ParameterDecorator {
  return Query(new ReadQuery(type));
}

import {
  applyDecorators,
  Delete,
  Get,
  Head,
  HttpCode,
  Options,
  Patch,
  Post,
  Put,
  SetMetadata,
} from '@nestjs/common';
import type { KeyRole } from '@podway/contracts';

type PayloadClass = new () => object;

/** One operation of the API: what routes, guards and documents it. */
export interface EndpointSpec {
  readonly method: 'get' | 'post' | 'put' | 'delete' | 'head' | 'patch' | 'options';
  /** With parameters as `:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /**
   * Who may do it: this role, and those whose rights include its own (contracts, `rightsOf`). `operator` and `admin` are
   * roles of the hosting service. `public`: no key needed. On a POD, `PodLookup` and `sees` ask for the same right.
   */
  readonly role: KeyRole | 'public';
  readonly query?: PayloadClass;
  readonly body?: {
    readonly json?: PayloadClass;
    readonly optional?: boolean;
    /** Media types of a body that is a stream of bytes. */
    readonly binary?: readonly string[];
  };
  /** Request headers that mean something, with their description. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: {
    readonly status: number;
    readonly description: string;
    readonly json?: PayloadClass;
    /** Media type of an answer that is not one JSON document. */
    readonly mediaType?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** Statuses of problems that are particular to it. */
  readonly problems?: readonly number[];
}

const ENDPOINT = 'podway:endpoint';
const verbs = { get: Get, post: Post, put: Put, delete: Delete, head: Head, patch: Patch, options: Options };

/** Declares a handler as an operation of the API: once, for router, guard and OpenAPI. */
export function Endpoint(spec: EndpointSpec): MethodDecorator {
  return applyDecorators(
    verbs[spec.method](spec.path),
    HttpCode(spec.answer.status),
    SetMetadata(ENDPOINT, spec),
  );
}

/** The operation behind a handler, if it is one. */
export function endpointOf(handler: object): EndpointSpec | undefined {
  return Reflect.getMetadata(ENDPOINT, handler) as EndpointSpec | undefined;
}

/** All operations of these controllers, in order of declaration. */
export function endpointsOf(controllers: readonly (new (...args: never[]) => object)[]): EndpointSpec[] {
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as object;
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler: unknown = (prototype as Record<string, unknown>)[name];
      const spec = typeof handler === 'function' ? endpointOf(handler) : undefined;
      return spec ? [spec] : [];
    });
  });
}

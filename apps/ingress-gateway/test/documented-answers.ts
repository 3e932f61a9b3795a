import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Schema {
  properties?: object;
  additionalProperties?: unknown;
}
interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>>;
  components: { schemas: Record<string, Schema> };
}

const file = new URL('../openapi.json', import.meta.url);
/** Where Node tells of every request to a server of this process. */
const CHANNEL = 'http.server.request.start';

/** Holds every answer of the API that a test sees against the committed OpenAPI document. */
export class DocumentedAnswers {
  private readonly document = documentWithNothingBesides();
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly paths: readonly { readonly path: string; readonly matches: RegExp }[];
  private readonly ports = new Set<number>();
  private readonly problems = new Set<string>();

  constructor() {
    addFormats.default(this.ajv);
    this.ajv.addSchema(this.document, 'openapi');
    // Those without parameters first: `/v1/uploads/differences` is no id of an upload.
    this.paths = Object.keys(this.document.paths)
      .sort((one, other) => one.split('{').length - other.split('{').length)
      .map((path) => ({ path, matches: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }));
    subscribe(CHANNEL, this.onRequest);
  }

  /** Answers that come from this port. */
  watch(port: number): void {
    this.ports.add(port);
  }

  /** @throws Error when an answer was not as the document has it. */
  close(): void {
    unsubscribe(CHANNEL, this.onRequest);
    if (this.problems.size > 0)
      throw new Error(`Answers that openapi.json does not have:\n${[...this.problems].join('\n')}`);
  }

  private readonly onRequest = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const [pathname = ''] = (request.url ?? '').split('?');
    const path = this.paths.find(({ matches }) => matches.test(pathname))?.path;
    const method = request.method?.toLowerCase() ?? '';
    if (path === undefined || !this.ports.has(request.socket.localPort ?? 0)) return;
    if (!this.document.paths[path]?.[method]) return;
    const chunks: Buffer[] = [];
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    response.end = ((...args: unknown[]) => {
      if (typeof args[0] === 'string' || args[0] instanceof Uint8Array) chunks.push(Buffer.from(args[0]));
      this.check(method, path, response, Buffer.concat(chunks).toString());
      return end(...args);
    }) as typeof response.end;
  };

  private check(method: string, path: string, response: ServerResponse, text: string): void {
    const type = String(response.getHeader('content-type') ?? '').split(';')[0] ?? '';
    if (!/[/+]json$/.test(type) || text === '') return;
    const { statusCode } = response;
    const what = `${method} ${path} ${statusCode}`;
    const validate = this.schemaOf(method, path, String(statusCode), type);
    if (!validate) this.problems.add(`${what}: no ${type}`);
    else if (!validate(JSON.parse(text)))
      for (const error of validate.errors ?? [])
        this.problems.add(
          `${what}: ${error.instancePath.replace(/\d+/g, 'N')} ${error.message} ${JSON.stringify(error.params)}`,
        );
  }

  private schemaOf(method: string, path: string, status: string, type: string): ValidateFunction | undefined {
    const responses = this.document.paths[path]?.[method]?.responses ?? {};
    const named = status in responses ? status : 'default';
    if (responses[named]?.content?.[type] === undefined) return undefined;
    const pointer = ['paths', path, method, 'responses', named, 'content', type, 'schema'];
    const escaped = pointer.map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    return this.ajv.getSchema(`openapi#/${escaped.join('/')}`);
  }
}

/** Fields may be added for whoever reads; what we answer with is declared all the same. */
function documentWithNothingBesides(): OpenApi {
  const document = JSON.parse(readFileSync(file, 'utf8')) as OpenApi;
  for (const schema of Object.values(document.components.schemas))
    if (schema.properties && schema.additionalProperties === undefined) schema.additionalProperties = false;
  return document;
}

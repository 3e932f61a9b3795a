// Makes the OpenAPI 3.1 document of the API from its endpoints and the contracts' classes.
import { STATUS_CODES } from 'node:http';
import { ownRight, rolesWith } from '@podway/contracts';
import { apiEndpoints } from '@podway/ingress-gateway';
import { contractSchemas, reachable } from './contract-schemas.mjs';

const PREFIX = '#/components/schemas/';
const ref = (type) => ({ $ref: `${PREFIX}${type.name}` });

export async function openApiDocument() {
  const schemas = await contractSchemas(PREFIX);
  const endpoints = apiEndpoints();
  const inputs = endpoints.flatMap(({ body }) => (body?.json ? [body.json.name] : []));
  const answers = endpoints.flatMap(({ answer }) => (answer.json ? [answer.json.name] : []));
  const components = new Map([
    ...reachable(schemas, inputs, { closed: true }),
    ...reachable(schemas, ['Problem', 'ResyncNotice', ...answers]),
  ]);
  const paths = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method]: operation(endpoint, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Podway',
      version: '1',
      description: 'Publish updates to PODs, follow their deployments, keep the inventory.',
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:7780', description: 'A local all-in-one.' }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, `pw_<id>_<secret>`, or a token of a trusted OIDC issuer.',
        },
      },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(endpoint, schemas) {
  const parameters = [
    ...pathParameters(endpoint),
    ...queryParameters(endpoint, schemas),
    ...headerParameters(endpoint),
  ];
  return {
    operationId: endpoint.operationId,
    summary: endpoint.summary,
    description: endpoint.role === 'public' ? 'Needs no key.' : needs(endpoint.role),
    ...(endpoint.role === 'public' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(endpoint.body ? { requestBody: requestBody(endpoint.body) } : {}),
    responses: responses(endpoint),
  };
}

function needs(role) {
  const roles = rolesWith(ownRight(role));
  return roles.length === 1 ? `Needs the role ${role}.` : `Needs one of the roles ${roles.join(', ')}.`;
}

function pathParameters({ path }) {
  return [...path.matchAll(/:([a-z]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }, schemas) {
  if (!query) return [];
  const { properties, required = [] } = schemas.get(query.name);
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description ? { description } : {}),
    ...(required.includes(name) ? { required: true } : {}),
    schema,
  }));
}

function headerParameters({ headers = {} }) {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
}

function requestBody({ json, binary = [], optional = false }) {
  return {
    required: !optional,
    content: {
      ...Object.fromEntries(binary.map((type) => [type, { schema: { type: 'string', format: 'binary' } }])),
      ...(json ? { 'application/json': { schema: ref(json) } } : {}),
    },
  };
}

function responses({ answer, problems = [], role }) {
  const refused = role === 'public' ? [] : role === 'viewer' ? [401] : [401, 403];
  const statuses = [...new Set([...refused, ...problems])].sort((a, b) => a - b);
  return {
    [answer.status]: {
      description: answer.description,
      ...(answer.headers ? { headers: headersOf(answer.headers) } : {}),
      ...contentOf(answer),
    },
    ...Object.fromEntries(statuses.map((status) => [status, problem(STATUS_CODES[status])])),
    default: problem('Any other problem.'),
  };
}

function headersOf(headers) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

function contentOf({ json, mediaType }) {
  if (json) return { content: { 'application/json': { schema: ref(json) } } };
  if (!mediaType) return {};
  const schema = mediaType === 'application/json' ? { type: 'object' } : { type: 'string' };
  return { content: { [mediaType]: { schema } } };
}

function problem(description) {
  return { description, content: { 'application/problem+json': { schema: { $ref: `${PREFIX}Problem` } } } };
}

// Writes docs/generated/api.md from the OpenAPI document: every request, what it takes, needs and answers.
import { markdownTable } from './markdown-table.mjs';
import { openApiDocument } from './openapi-document.mjs';
import { prose, typeSections, typeText } from './schema-tables.mjs';
import { writeOrCheck } from './write-or-check.mjs';

const { paths, components } = await openApiDocument();
const heading = (path) => path.replace(/\{(\w+)\}/g, ':$1');
const areas = grouped(Object.entries(paths), ([path]) => /^\/v1\/([a-z-]+)/.exec(path)?.[1] ?? 'others');

function grouped(list, keyOf) {
  const groups = new Map();
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

function parameters(list = []) {
  if (list.length === 0) return [];
  const rows = list.map(({ name, in: where, required, schema, description }) => [
    `\`${name}\`${required ? ' *' : ''}`,
    where,
    typeText(schema),
    prose(description),
  ]);
  return [markdownTable(['parameter', 'in', 'value', 'meaning'], rows)];
}

/** Media types, those of one type of body together. */
function bodyText(content = {}) {
  const types = Object.entries(content).map(([type, { schema = {} }]) => [typeText(schema), type]);
  return [...grouped(types, ([of]) => of)]
    .map(([of, all]) => `${of} as ${all.map(([, type]) => `\`${type}\``).join(', ')}`)
    .join('; or ');
}

function answers(responses) {
  const all = Object.entries(responses);
  const good = all.filter(([status]) => status < '400');
  const bad = all.filter(([status]) => status >= '400' && status !== 'default').map(([status]) => status);
  const lines = good.map(([status, { description, content }]) =>
    [`- ${status}: ${prose(description)}`, content ? bodyText(content) : ''].filter(Boolean).join(' '),
  );
  return [...lines, ...(bad.length > 0 ? [`- refused with ${bad.join(', ')}`] : [])].join('\n');
}

function operation(path, method, one) {
  const body = one.requestBody ? [`Body: ${bodyText(one.requestBody.content)}.`] : [];
  return [
    `### \`${method.toUpperCase()} ${heading(path)}\``,
    `${prose(one.summary)}. ${prose(one.description)} Operation \`${one.operationId}\`.`,
    ...parameters(one.parameters),
    ...body,
    answers(one.responses),
  ];
}

const requests = [...areas]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .flatMap(([area, list]) => [
    `## ${area}`,
    ...list.flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, one]) => operation(path, method, one)),
    ),
  ]);

await writeOrCheck(
  'docs/generated/api.md',
  [
    '<!-- Generated from the endpoints by tools/generate/api-page.mjs. Do not edit. -->',
    '# The API',
    'Every request of the HTTP API, from [its OpenAPI 3.1 document](../../apps/ingress-gateway/openapi.json), which Podway serves at ' +
      '`/openapi.json`. How to use it, with examples: [publishing over HTTP](../publishing.md#over-http). Parameters and fields with * must ' +
      'be there. What is refused is answered with a [Problem](#problem), whose `code` says why.',
    ...requests,
    '## Types',
    ...typeSections(components.schemas),
  ]
    .join('\n\n')
    .concat('\n'),
);

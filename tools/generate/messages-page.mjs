// Writes docs/generated/messages.md from the AsyncAPI document: where messages go, and what each of them says.
import { asyncApiDocument } from './asyncapi-document.mjs';
import { markdownTable } from './markdown-table.mjs';
import { fieldsTable, prose, typeSections, typeText } from './schema-tables.mjs';
import { writeOrCheck } from './write-or-check.mjs';

const { channels, components } = await asyncApiDocument();
const { Envelope, ...schemas } = components.schemas;

const ways = Object.values(channels).map(({ address, description, messages }) => [
  address ? `\`${address}\`` : '-',
  prose(description),
  Object.keys(messages).length > 3
    ? `${Object.keys(messages).length} kinds`
    : Object.keys(messages).join(', '),
]);

/** The type of what a message carries, if it is one of ours. */
function dataOf({ payload }) {
  const own = (payload.allOf ?? [payload]).flatMap(({ properties }) => properties?.data ?? []);
  return own.length === 0 ? '' : typeText(own[0]);
}

const messages = Object.values(components.messages).map((message) => [
  `\`${message.name}\``,
  prose(message.summary),
  dataOf(message),
]);

await writeOrCheck(
  'docs/generated/messages.md',
  [
    '<!-- Generated from the registry of messages by tools/generate/messages-page.mjs. Do not edit. -->',
    '# Messages',
    'Every message, from [the AsyncAPI 3.0 document](asyncapi.json), which has an example of each. How to get events: [events](../events.md). ' +
      'Fields with * are always there.',
    '## Ways',
    markdownTable(['address', 'carries', 'messages'], ways),
    '## Envelope',
    prose(Envelope.description),
    fieldsTable(Envelope),
    '## All of them',
    markdownTable(['type', 'says', 'data'], messages),
    '## Types',
    ...typeSections(schemas),
  ]
    .join('\n\n')
    .concat('\n'),
);

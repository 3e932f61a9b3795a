// Tables of JSON Schemas, for pages of reference.
import { markdownTable } from './markdown-table.mjs';

/** Text of a comment as Markdown: what is between backquotes is code, and all else is plain. */
export function prose(text = '') {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[<{*_]/g, '\\$&')))
    .join('')
    .replaceAll('\n', ' ');
}

const code = (value) => `\`${value}\``;
const nameOf = (ref) => ref.slice(ref.lastIndexOf('/') + 1);

/** What a value must be, in few words. Types that have a name are linked to their table. */
export function typeText(schema) {
  if (schema.$ref) return `[${nameOf(schema.$ref)}](#${nameOf(schema.$ref).toLowerCase()})`;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(', ');
  const several = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (several && schema.type === undefined)
    return several.map(typeText).join(schema.allOf ? ' and ' : ' or ');
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'object') return mapText(schema);
  if (schema.type === 'integer' || schema.type === 'number') return numberText(schema);
  if (schema.type === 'string') return stringText(schema);
  return schema.type === 'boolean' ? '`true`, `false`' : 'anything';
}

function mapText({ additionalProperties: of }) {
  return typeof of === 'object' && Object.keys(of).length > 0 ? `names to ${typeText(of)}` : 'object';
}

function numberText({ type, minimum, maximum }) {
  const kind = type === 'integer' ? 'whole number' : 'number';
  if (minimum === undefined) return maximum === undefined ? kind : `${kind}, at most ${maximum}`;
  return maximum === undefined ? `${kind}, at least ${minimum}` : `${minimum} to ${maximum}`;
}

function stringText({ format, maxLength }) {
  if (format === 'date-time') return 'time';
  if (format === 'binary') return 'bytes';
  return maxLength === undefined ? 'text' : `text, at most ${maxLength}`;
}

/** The fields of an object, the required ones marked. */
export function fieldsTable({ properties = {}, required = [] }) {
  const rows = Object.entries(properties).map(([name, schema]) => [
    `${code(name)}${required.includes(name) ? ' *' : ''}`,
    typeText(schema),
    prose(schema.description),
  ]);
  return rows.length === 0 ? 'No fields.' : markdownTable(['field', 'value', 'meaning'], rows);
}

/** A section for each type that has a name, by their names. */
export function typeSections(schemas, level = '###') {
  return Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, schema]) => [
      `${level} ${name}`,
      ...(schema.description ? [prose(schema.description)] : []),
      schema.properties ? fieldsTable(schema) : `${typeText(schema)}.`,
    ]);
}

// Derives JSON Schema 2020-12 from the contracts' classes, where each payload is declared once.
import { createRequire } from 'node:module';
import {
  ARRAY_UNIQUE,
  EQUALS,
  getMetadataStorage,
  IS_ISO8601,
  IS_URL,
  MATCHES,
  ValidationTypes,
} from 'class-validator';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { FORM, RULE } from '@podway/contracts';
import { classDocs, propertyDoc } from './class-docs.mjs';

// Not exported to ES modules; the same instance as the one behind `@Type`.
const { defaultMetadataStorage } = createRequire(import.meta.url)('class-transformer/cjs/storage.js');

const converters = {
  [ValidationTypes.IS_DEFINED]: {},
  [ValidationTypes.NESTED_VALIDATION]: ({ target, propertyName }, { refPointerPrefix }) => {
    const child = defaultMetadataStorage.findTypeMetadata(target, propertyName).typeFunction();
    const ref = { $ref: `${refPointerPrefix}${child.name}` };
    const isArray = Reflect.getMetadata('design:type', target.prototype, propertyName) === Array;
    return isArray ? { type: 'array', items: ref } : ref;
  },
  [EQUALS]: ({ constraints: [value] }) => ({ const: value }),
  [IS_ISO8601]: { type: 'string', format: 'date-time' },
  [IS_URL]: { type: 'string', format: 'uri' },
  [FORM]: ({ constraints: [schema] }) => schema,
  // About the class: `describe` has them.
  [RULE]: {},
  [ARRAY_UNIQUE]: { type: 'array', uniqueItems: true },
  [MATCHES]: ({ constraints: [pattern] }) => ({
    type: 'string',
    // JSON Schema knows no flags.
    pattern: pattern.flags.includes('i') ? pattern.source.replaceAll('a-z', 'A-Za-z') : pattern.source,
  }),
};

/** What the rules of a class say besides its properties, merged; what two of them say in the same words holds together. */
function rulesOf(name) {
  const all = [...getMetadataStorage().validationMetadatas.values()].flat();
  const rules = all.filter((one) => one.name === RULE && one.target.name === name);
  return rules
    .map(({ constraints: [schema] }) => schema)
    .reduce((merged, { allOf = [], ...schema }) => {
      const clashes = Object.keys(schema).some((key) => key in merged);
      const both = [...(merged.allOf ?? []), ...allOf, ...(clashes ? [schema] : [])];
      return { ...merged, ...(clashes ? {} : schema), ...(both.length > 0 ? { allOf: both } : {}) };
    }, {});
}

/** Every declared class as a schema, by name, with the doc comments as descriptions. */
export async function contractSchemas(refPointerPrefix) {
  const docs = await classDocs(['libs/contracts/src']);
  const schemas = validationMetadatasToSchemas({
    classValidatorMetadataStorage: getMetadataStorage(),
    classTransformerMetadataStorage: defaultMetadataStorage,
    refPointerPrefix,
    additionalConverters: converters,
  });
  const described = Object.entries(schemas).map(([name, schema]) => [name, describe(docs, name, schema)]);
  return new Map(described.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The schemas that `roots` need, by name; `closed` ones take no other properties than their own. */
export function reachable(schemas, roots, { closed = false } = {}) {
  const found = new Map();
  const visit = (name) => {
    if (found.has(name)) return;
    const schema = schemas.get(name);
    if (!schema) throw new Error(`${name} is not a declared class`);
    found.set(name, closed ? { ...schema, additionalProperties: false } : schema);
    for (const [, next] of JSON.stringify(schema).matchAll(/"\$ref":"[^"]*\/([A-Za-z]+)"/g)) visit(next);
  };
  for (const root of roots) visit(root);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describe(docs, name, schema) {
  const properties = Object.entries(schema.properties ?? {}).map(([property, one]) => {
    const description = propertyDoc(docs, name, property);
    return [property, description ? { description, ...one } : one];
  });
  const description = docs.get(name)?.text;
  const { type, required } = schema;
  return {
    ...(description ? { description } : {}),
    type,
    properties: Object.fromEntries(properties),
    ...(required ? { required } : {}),
    ...rulesOf(name),
  };
}

// Writes docs/generated/podway-yaml.md and pods-yaml.md: every field of both files, from their JSON Schemas.
import { documentSchemas } from './document-schemas.mjs';
import { fieldsTable, prose, typeSections } from './schema-tables.mjs';
import { writeOrCheck } from './write-or-check.mjs';

const pages = {
  'schemas/podway.schema.json': ['podway-yaml', 'podway.yaml', '[publishing](../publishing.md#podwayyaml)'],
  'schemas/pods.schema.json': ['pods-yaml', 'pods.yaml', '[pods.yaml](../pods-file.md)'],
};

for (const [path, schema] of await documentSchemas()) {
  const [page, file, guide] = pages[path];
  const parts = [
    `<!-- Generated from the contracts by tools/generate/file-pages.mjs. Do not edit. -->`,
    `# Fields of ${file}`,
    `${prose(schema.description)} What they are good for, with examples: ${guide}. Editors take [the schema](../../${path}). ` +
      'Fields with * must be there.',
    fieldsTable(schema),
    ...typeSections(schema.$defs ?? {}, '##'),
  ];
  await writeOrCheck(`docs/generated/${page}.md`, `${parts.join('\n\n')}\n`);
}

// Makes the JSON Schemas of the files that people write: pods.yaml and podway.yaml.
import { contractSchemas, reachable } from './contract-schemas.mjs';

const PREFIX = '#/$defs/';

/** Path in the repository -> schema. */
export async function documentSchemas() {
  const schemas = await contractSchemas(PREFIX);
  return new Map([
    ['schemas/pods.schema.json', documentSchema(schemas, 'PodsFile', 'Podway inventory: pods.yaml')],
    ['schemas/podway.schema.json', documentSchema(schemas, 'BundleManifest', 'Podway bundle: podway.yaml')],
  ]);
}

function documentSchema(schemas, root, title) {
  const { [root]: schema, ...rest } = Object.fromEntries(reachable(schemas, [root], { closed: true }));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...schema,
    $defs: rest,
  };
}

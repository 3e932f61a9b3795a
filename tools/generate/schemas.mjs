// Writes schemas/*.schema.json. Run after the build. `--check` only says whether they are stale.
import { documentSchemas } from './document-schemas.mjs';
import { generate } from './generated-file.mjs';

for (const [path, schema] of await documentSchemas()) {
  await generate(path, schema);
}

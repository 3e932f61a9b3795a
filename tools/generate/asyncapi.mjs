// Writes docs/generated/asyncapi.json. Run after the build. `--check` only says whether it is stale.
import { asyncApiDocument } from './asyncapi-document.mjs';
import { generate } from './generated-file.mjs';

await generate('docs/generated/asyncapi.json', await asyncApiDocument());

// Writes apps/ingress-gateway/openapi.json. Run after the build. `--check` only says whether it is stale.
import { generate } from './generated-file.mjs';
import { openApiDocument } from './openapi-document.mjs';

await generate('apps/ingress-gateway/openapi.json', await openApiDocument());

// Writes docs/generated/saga.md from the saga table. Run after the build. `--check` only says whether it is stale.
import { renderSagaDocument } from '@podway/pipeline';
import { writeOrCheck } from './write-or-check.mjs';

await writeOrCheck('docs/generated/saga.md', renderSagaDocument());

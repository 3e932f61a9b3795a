import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runDemo } from './demo.js';
import { shortcomings, summaryText } from './summary.js';

// `npm run demo`. Exit 0 only if everything is as it is promised.
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-demo-')));
// Started by root, the database runs as another user, who has to get to its folder.
await chmod(folder, 0o711);
try {
  const summary = await runDemo({ folder, tell: (line) => process.stdout.write(`${line}\n`) });
  const problems = shortcomings(summary);
  process.stdout.write(`\n${summaryText(summary)}\n`);
  for (const problem of problems) process.stdout.write(`NOT AS PROMISED: ${problem}\n`);
  if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  // A watchdog's loop may still be on its way out, and write a last file.
  await rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
}

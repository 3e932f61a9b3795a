// `npm run bench [-- --small] [-- --json]`: all benchmarks, one after the other, with their own defaults.
import { accesses, accessesText } from './accesses.mjs';
import { commandLine } from './measuring/command-line.mjs';
import { drift, driftText } from './drift.mjs';
import { orchestration, orchestrationText } from './orchestration.mjs';
import { publishing, publishingText } from './publishing.mjs';
import { replication, replicationText } from './replication.mjs';

const usage = `Usage: npm run bench -- [options]
  --small    a quick look
  --json     one JSON object for each benchmark on a line of its own

Each one alone, with more options: node bench/replication.mjs --help, bench/orchestration.mjs, bench/accesses.mjs,
bench/publishing.mjs, bench/drift.mjs`;

const { small, json } = commandLine(usage, { small: false, json: false });
const common = { small, json, rounds: small ? 2 : 5 };
const benches = [
  [() => replication({ ...common, servers: 4, 'verify-ms': 1 }), replicationText],
  [() => orchestration({ ...common, alone: 30, together: 200 }), orchestrationText],
  [() => accesses({ ...common, seconds: 3, connections: 32, alone: 300 }), accessesText],
  [() => publishing(common), publishingText],
  [() => drift(common), driftText],
];
for (const [run, text] of benches) {
  const result = await run();
  console.log(json ? JSON.stringify(result) : `${text(result)}\n`);
}

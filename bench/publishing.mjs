// `node bench/publishing.mjs [--rounds N] [--small] [--json]`: publishing a small change of a large site, as a whole and
// by difference.
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishFolder } from '@podway/sdk/uploads';
import { commandLine } from './measuring/command-line.mjs';
import { machine, seconds, table, tell, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median } from './measuring/statistics.mjs';
import { PublishingScene } from './publishing/publishing-scene.mjs';
import { applyChange, changeOf, growTree, sizes } from './replication/site-tree.mjs';

const usage = `Usage: node bench/publishing.mjs [options]
  --rounds N  rounds that count; default 5
  --small     a small tree, 2 rounds
  --json      one JSON object on standard output in place of a table`;

const MANIFEST = `apiVersion: podway/v1
name: bench
version: '1'
target: { pod: bench }
components: [{ name: site, installer: archive, source: site }]
`;

/** @returns what was measured, as a plain object. */
export async function publishing(given) {
  const options = given.small ? { ...given, rounds: 2 } : given;
  const size = options.small ? sizes.small : sizes.full;
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-bench-site-')));
  const scene = new PublishingScene();
  try {
    tell('starting the gateway, making the site and publishing it once');
    await mkdir(join(folder, 'site'));
    await writeFile(join(folder, 'podway.yaml'), MANIFEST);
    const bytes = await growTree(join(folder, 'site'), size);
    const podway = await scene.start();
    const publish = (way) => publishFolder(podway, folder, { pod: 'bench' }, way);
    await publish('whole');
    const contenders = [
      { name: 'as a whole', way: 'whole' },
      { name: 'by difference', way: 'difference' },
    ];
    let change = 0;
    // Each publishing is of a change that was never published before.
    const samples = await interleaved(contenders, options.rounds, async ({ way }) => {
      change += 1;
      await applyChange(join(folder, 'site'), changeOf(change, size));
      let sent;
      const elapsedMs = await timed(async () => ({ sent } = await publish(way)));
      return { elapsedMs, bytesSent: sent.bytesSent };
    });
    const parameters = { ...options, files: size.files, bytes, changedBytes: changeOf(1, size).bytes };
    return { bench: 'publishing', machine: machine(), parameters, results: resultOf(samples) };
  } finally {
    await scene.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function resultOf(samples) {
  return [...samples].map(([name, runs]) => ({
    name,
    medianMs: median(runs.map(({ elapsedMs }) => elapsedMs)),
    bytesSent: median(runs.map(({ bytesSent }) => bytesSent)),
  }));
}

/** The result as people read it. */
export function publishingText({ parameters, results }) {
  const [whole] = results;
  const megabytes = (bytes) => (bytes / 1_000_000).toFixed(2);
  const rows = results.map(({ name, medianMs, bytesSent }) => [
    name,
    times(bytesSent / whole.bytesSent),
    times(medianMs / whole.medianMs),
    megabytes(bytesSent),
    seconds(medianMs),
  ]);
  const { files, bytes, changedBytes } = parameters;
  return [
    `Publishing until it is accepted: ${files} files, ${megabytes(bytes)} MB, ${megabytes(changedBytes)} MB of them changed`,
    '',
    table(['', 'bytes', 'time', 'MB sent', 'seconds'], rows),
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const options = commandLine(usage, { small: false, rounds: 5, json: false });
  const result = await publishing(options);
  console.log(options.json ? JSON.stringify(result) : publishingText(result));
}

// `node bench/replication.mjs [--small] [--servers N] [--rounds N] [--json]`: the canary's state carried to a POD.
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePackages } from '@podway/testing/fleet';
import { SshServers } from '@podway/testing/ssh-servers';
import { commandLine } from './measuring/command-line.mjs';
import { cpuMs } from './measuring/cpu.mjs';
import { machine, seconds, table, tell, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median, round as rounded, summary } from './measuring/statistics.mjs';
import { FloorContender } from './replication/floor-contender.mjs';
import { OpenSsh } from './replication/open-ssh.mjs';
import { PodwayAgainContender, PodwayContender } from './replication/podway-contender.mjs';
import { InPlaceContender, LinkDestContender } from './replication/rsync-contenders.mjs';
import { changeOf, digestOf, growTree, sizes } from './replication/site-tree.mjs';

const usage = `Usage: node bench/replication.mjs [options]
  --small       1,000 files in place of 10,000
  --servers N   servers of the POD, the canary among them; default 4
  --rounds N    rounds that count; default 5
  --verify-ms N the canary is verified for so long before its state is carried on; default 1
  --json        one JSON object on standard output in place of tables`;

/** One run. The canary's own change is given: it is made between the two times. */
async function oneRun(root, contender, verifyMs, change) {
  // What earlier runs left to be written is not this one's to wait for.
  execFileSync('sync');
  const measured = async (work) => {
    const before = cpuMs(root);
    const ms = await timed(work);
    return { ms, cpu: cpuMs(root) - before };
  };
  const snapshot = await measured(() => contender.snapshot());
  await contender.change(change);
  await sleep(verifyMs);
  const replicate = await measured(() => contender.replicate());
  await contender.tidy();
  return {
    snapshotMs: snapshot.ms,
    replicateMs: replicate.ms,
    totalMs: snapshot.ms + replicate.ms,
    cpuMs: snapshot.cpu + replicate.cpu,
  };
}

async function compareTrees(contenders) {
  tell('comparing all trees');
  const digests = new Map();
  for (const contender of contenders)
    for (const folder of contender.liveFolders()) digests.set(folder, await digestOf(folder));
  if (new Set(digests.values()).size === 1) return digests.size;
  throw new Error(`The trees differ: ${JSON.stringify([...digests], undefined, 2)}`);
}

function resultOf(samples) {
  return [...samples].map(([name, runs]) => ({
    name,
    ...summary(runs.map(({ totalMs }) => totalMs)),
    snapshotMedianMs: rounded(median(runs.map(({ snapshotMs }) => snapshotMs))),
    replicateMedianMs: rounded(median(runs.map(({ replicateMs }) => replicateMs))),
    cpuMedianMs: median(runs.map((run) => run.cpuMs)),
  }));
}

/** @returns what was measured, as a plain object. */
export async function replication(options) {
  await ensurePackages(['openssh-server', 'openssh-client', 'rsync'], tell);
  const verifyMs = options['verify-ms'];
  const size = options.small ? sizes.small : sizes.full;
  const fleet = await SshServers.start({ count: options.servers });
  const ssh = new OpenSsh(fleet);
  const seed = join(fleet.root, 'seed');
  const podway = new PodwayContender(fleet, seed);
  try {
    tell(`making a tree of ${size.files} files for ${options.servers} servers`);
    await mkdir(seed);
    const treeBytes = await growTree(seed, size);
    await ssh.setUp();
    await ssh.openAll();
    const linked = new LinkDestContender(fleet, ssh, seed);
    const inPlace = new InPlaceContender(fleet, ssh, seed);
    const keepers = [podway, linked, inPlace];
    for (const contender of keepers) await contender.setUp();
    const changes = [];
    const changed = await interleaved(
      [...keepers, new FloorContender(fleet, ssh)],
      options.rounds,
      (contender, round) =>
        oneRun(fleet.root, contender, verifyMs, (changes[round] ??= changeOf(round, size))),
    );
    const { bytesSent } = podway;
    const idle = await interleaved(
      [...keepers, new PodwayAgainContender(podway)],
      options.rounds,
      (contender) => oneRun(fleet.root, contender, verifyMs),
    );
    const comparedTrees = await compareTrees(keepers);
    const parameters = { ...options, files: size.files, treeBytes, changedBytes: changes.at(-1).bytes };
    return {
      bench: 'replication',
      machine: machine(),
      parameters,
      podwayBytesSent: bytesSent,
      comparedTrees,
      changed: resultOf(changed),
      unchanged: resultOf(idle),
    };
  } finally {
    await podway.close();
    await ssh.closeAll();
    await fleet.stop();
  }
}

function tableOf(results) {
  const own = results.find(({ name }) => name === 'podway');
  const rows = results.map((result) => [
    result.name,
    times(own.medianMs / result.medianMs),
    seconds(result.medianMs),
    seconds(result.minMs),
    seconds(result.maxMs),
    seconds(result.snapshotMedianMs),
    seconds(result.replicateMedianMs),
    seconds(result.cpuMedianMs),
  ]);
  return table(['', 'podway is', 'median s', 'min', 'max', 'snapshot', 'replicate', 'cpu s'], rows);
}

/** The result as people read it. */
export function replicationText({ parameters, podwayBytesSent, comparedTrees, changed, unchanged }) {
  const mb = (bytes) => (bytes / 1e6).toFixed(1);
  return [
    `Replication: ${parameters.files} files, ${mb(parameters.treeBytes)} MB, ${parameters.servers} servers, ${parameters.rounds} rounds`,
    '',
    `Changed: ${mb(parameters.changedBytes)} MB new; podway sent ${mb(podwayBytesSent)} MB to ${parameters.servers - 1} servers`,
    tableOf(changed),
    '',
    'Nothing changed',
    tableOf(unchanged),
    '',
    `${comparedTrees} trees compared afterwards: all the same`,
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const options = commandLine(usage, { small: false, servers: 4, rounds: 5, 'verify-ms': 1, json: false });
  const result = await replication(options);
  console.log(options.json ? JSON.stringify(result) : replicationText(result));
}

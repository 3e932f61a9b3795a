// `node bench/drift.mjs [--small] [--rounds N] [--json]`: a look at a server on which nothing has changed.
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NodeSshHostSessions } from '@podway/hosts';
import { TreeStateDriver } from '@podway/state';
import { ensurePackages } from '@podway/testing/fleet';
import { SshServers } from '@podway/testing/ssh-servers';
import { monotonicFactory } from 'ulid';
import { commandLine } from './measuring/command-line.mjs';
import { machine, seconds, table, tell, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median, round, summary } from './measuring/statistics.mjs';
import { growTree, sizes } from './replication/site-tree.mjs';

const usage = `Usage: node bench/drift.mjs [options]
  --small      1,000 files in place of 10,000
  --rounds N   rounds that count; default 5
  --json       one JSON object on standard output in place of a table`;

const LIMIT = 200;
const FLOOR = 'find, which reads no file';
const WALK = '%y %m %U %G %s %T@ %C@ %i %p\\n';

/** A server with a proved release of the seed's files. */
async function released(server, session, seed) {
  const driver = new TreeStateDriver();
  const target = { session, path: `${server.root}/podway`, state: { driver: 'tree', keep: 2 } };
  const [deploymentId, treeId] = [monotonicFactory()(), monotonicFactory()()];
  const context = { deploymentId, fencingToken: 1, progress: () => undefined };
  await driver.prepare(target);
  await driver.snapshot(target, context, { watchdogMs: 600_000 });
  const { dir } = await driver.beginStage(target, context, { copy: 'link' });
  await cp(seed, dir, { recursive: true, preserveTimestamps: true });
  const { fingerprint } = await driver.commitStage(target, context, { dir, treeId });
  await driver.switchTo(target, context, { treeId, fingerprint });
  await driver.disarmWatchdog(target, deploymentId);
  await driver.complete(target, context, { treeId });
  return { driver, target, expected: { treeId, fingerprint } };
}

function contendersOf({ driver, target, expected }, files) {
  const look = async (deep) => {
    const { fingerprint } = await driver.check(target, expected, { limit: LIMIT, deep });
    if (fingerprint !== expected.fingerprint) throw new Error('The server has drifted');
  };
  return [
    { name: 'a quick look', run: () => look(false) },
    { name: 'a deep look', run: () => look(true) },
    {
      name: FLOOR,
      run: async () => {
        const argv = ['find', `${target.path}/current/`, '-type', 'f', '-printf', WALK];
        const { stdout } = await target.session.exec(argv, { timeoutMs: 600_000, maxOutputBytes: 1e8 });
        const seen = stdout.split('\n').length - 1;
        if (seen !== files) throw new Error(`find has seen ${seen} files, not ${files}`);
      },
    },
  ];
}

/** @returns what was measured, as a plain object. */
export async function drift(options) {
  await ensurePackages(['openssh-server', 'openssh-client'], tell);
  const size = options.small ? sizes.small : sizes.full;
  const fleet = await SshServers.start({ count: 1 });
  const sessions = new NodeSshHostSessions();
  try {
    const seed = join(fleet.root, 'seed');
    await mkdir(seed);
    tell(`making a tree of ${size.files} files`);
    const treeBytes = await growTree(seed, size);
    const server = fleet.at(0);
    const scene = await released(server, await sessions.session(server.spec()), seed);
    const samples = await interleaved(contendersOf(scene, size.files), options.rounds, ({ run }) =>
      timed(run),
    );
    return {
      bench: 'drift',
      machine: machine(),
      parameters: { ...options, files: size.files, treeBytes },
      results: [...samples].map(([name, runs]) => ({
        name,
        ...summary(runs),
        // Each to the floor of the same round: what else the machine does is in both.
        ratio: round(median(runs.map((ms, at) => ms / samples.get(FLOOR)[at]))),
      })),
    };
  } finally {
    await sessions.close();
    await fleet.stop();
  }
}

export function driftText({ parameters, results }) {
  const rows = results.map(({ name, medianMs, ratio }) => [name, seconds(medianMs), times(ratio)]);
  return `Drift: nothing has changed, ${parameters.files} files\n${table(['', 'median s', 'of find'], rows)}`;
}

if (import.meta.filename === process.argv[1]) {
  const options = commandLine(usage, { small: false, rounds: 5, json: false });
  const result = await drift(options);
  console.log(options.json ? JSON.stringify(result) : driftText(result));
}

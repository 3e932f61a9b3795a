// `node bench/orchestration.mjs [--rounds N] [--alone N] [--together N] [--json]`: a deployment whose steps do nothing.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Logger } from '@nestjs/common';
import { EmbeddedPostgres } from '@podway/persistence/embedded';
import { ensurePackages } from '@podway/testing/fleet';
import { startRabbitMq } from '@podway/testing/rabbitmq';
import { commandLine } from './measuring/command-line.mjs';
import { machine, table, tell, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median, quantile, round } from './measuring/statistics.mjs';
import { HOPS, PortChainContender, RawChainContender } from './orchestration/chain-contenders.mjs';
import { PodwayContender } from './orchestration/podway-contender.mjs';

const usage = `Usage: node bench/orchestration.mjs [options]
  --alone N      deployments one after the other in a round, for the latency; default 30
  --together N   deployments at once in a round, each on a POD of its own, for the rate; default 200
  --rounds N     rounds that count; default 5
  --small        10 and 50, in 2 rounds
  --json         one JSON object on standard output in place of a table`;

async function oneRun(contender, { alone, together }) {
  const latenciesMs = [];
  for (let count = 0; count < alone; count += 1) latenciesMs.push(await timed(() => contender.deploy()));
  const all = () => Promise.all(Array.from({ length: together }, () => contender.deploy()));
  return { latenciesMs, perSecond: (together * 1000) / (await timed(all)) };
}

function resultOf(samples) {
  return [...samples].map(([name, runs]) => {
    const latencies = runs.flatMap(({ latenciesMs }) => latenciesMs);
    return {
      name,
      p50Ms: round(quantile(latencies, 0.5)),
      p95Ms: round(quantile(latencies, 0.95)),
      perHopMs: round(quantile(latencies, 0.5) / HOPS),
      perSecond: round(median(runs.map(({ perSecond }) => perSecond))),
      perSecondByRound: runs.map(({ perSecond }) => round(perSecond)),
    };
  });
}

/** @returns what was measured, as a plain object. */
export async function orchestration(given) {
  const options = given.small ? { ...given, alone: 10, together: 50, rounds: 2 } : given;
  // Standard output is for the result.
  Logger.overrideLogger(['warn', 'error', 'fatal']);
  await ensurePackages(['rabbitmq-server'], tell);
  const folder = await realpath(await mkdtemp(`${tmpdir()}/podway-bench-`));
  // Durable, unlike the one for tests: a commit waits for the disk, as it does in use.
  const postgres = new EmbeddedPostgres({ folder, database: 'podway' });
  const stopping = [() => rm(folder, { recursive: true, force: true }), () => postgres.stop()];
  try {
    tell('starting RabbitMQ and PostgreSQL');
    await postgres.start();
    await postgres.ensureDatabase('embedded');
    const rabbit = await startRabbitMq();
    stopping.push(() => rabbit.stop());
    const contenders = [
      new PodwayContender('podway: RabbitMQ and PostgreSQL', {
        databaseUrl: postgres.url(),
        amqpUrl: rabbit.url,
      }),
      new PodwayContender('podway: PostgreSQL alone (embedded broker)', {
        databaseUrl: postgres.url('embedded'),
      }),
      new RawChainContender({ amqpUrl: rabbit.url }),
      new PortChainContender({ amqpUrl: rabbit.url }),
    ];
    for (const contender of contenders) {
      stopping.push(() => contender.stop());
      await contender.start();
    }
    const samples = await interleaved(contenders, options.rounds, (contender) => oneRun(contender, options));
    return {
      bench: 'orchestration',
      machine: machine(),
      parameters: { ...options, messages: HOPS },
      results: resultOf(samples),
    };
  } finally {
    for (const stop of stopping.reverse()) await stop();
  }
}

/** The result as people read it. */
export function orchestrationText({ parameters, results }) {
  const floor = results.find(({ name }) => name.startsWith('floor'));
  const rows = results.map(({ name, p50Ms, p95Ms, perHopMs, perSecond }) => [
    name,
    times(p50Ms / floor.p50Ms),
    times(floor.perSecond / perSecond),
    p50Ms.toFixed(1),
    p95Ms.toFixed(1),
    perHopMs.toFixed(2),
    perSecond.toFixed(0),
  ]);
  const head = ['', 'floor x (p50)', 'floor x (rate)', 'p50 ms', 'p95 ms', 'ms a message', 'deployments/s'];
  return [
    `Orchestration: ${parameters.messages} messages a deployment; ${parameters.rounds} rounds of ${parameters.alone} one by one and ${parameters.together} at once`,
    '',
    table(head, rows),
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const defaults = { small: false, alone: 30, together: 200, rounds: 5, json: false };
  const options = commandLine(usage, defaults);
  const result = await orchestration(options);
  console.log(options.json ? JSON.stringify(result) : orchestrationText(result));
}

// `node bench/accesses.mjs [--rounds N] [--seconds N] [--json]`: users' accesses through the gateway and without it.
import { Agent, request } from 'node:http';
import autocannon from 'autocannon';
import { GatewayScene } from './accesses/gateway-scene.mjs';
import { commandLine } from './measuring/command-line.mjs';
import { machine, table, tell, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median, quantile, round } from './measuring/statistics.mjs';

const usage = `Usage: node bench/accesses.mjs [options]
  --seconds N       how long the load lasts in a round; default 3
  --connections N   for the load; default 32
  --alone N         requests one after the other in a round, for the latency; default 300
  --rounds N        rounds that count; default 5
  --small           1 second, 2 rounds
  --json            one JSON object on standard output in place of a table`;
const PAGE_BYTES = 4_096;

/** One GET over a kept connection; rejects unless the whole page came. */
function get({ host, port, headers }, agent) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, path: '/', headers, agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () =>
        response.statusCode === 200 && bytes === PAGE_BYTES
          ? resolve()
          : reject(new Error(`${response.statusCode} with ${bytes} bytes`)),
      );
    });
    outgoing.on('error', reject).end();
  });
}

async function oneRun(contender, { alone, seconds, connections }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latenciesMs = [];
  for (let count = 0; count < alone; count += 1) latenciesMs.push(await timed(() => get(contender, agent)));
  agent.destroy();
  const { host, port, headers } = contender;
  const load = await autocannon({ url: `http://${host}:${port}/`, headers, connections, duration: seconds });
  if (load.non2xx > 0 || load.errors > 0)
    throw new Error(`${contender.name}: ${load.non2xx} refusals and ${load.errors} errors under load`);
  return { latenciesMs, perSecond: load.requests.average };
}

function resultOf(samples) {
  return [...samples].map(([name, runs]) => {
    const latencies = runs.flatMap(({ latenciesMs }) => latenciesMs);
    return {
      name,
      p50Ms: round(quantile(latencies, 0.5), 3),
      p95Ms: round(quantile(latencies, 0.95), 3),
      perSecond: round(median(runs.map(({ perSecond }) => perSecond))),
    };
  });
}

/** @returns what was measured, as a plain object. */
export async function accesses(given) {
  const options = given.small ? { ...given, seconds: 1, rounds: 2 } : given;
  const scene = new GatewayScene();
  try {
    tell('starting a web server and the gateway');
    const contenders = await scene.start(PAGE_BYTES);
    const samples = await interleaved(contenders, options.rounds, (contender) => oneRun(contender, options));
    const parameters = { ...options, pageBytes: PAGE_BYTES };
    return { bench: 'accesses', machine: machine(), parameters, results: resultOf(samples) };
  } finally {
    await scene.stop();
  }
}

/** The result as people read it. */
export function accessesText({ parameters, results }) {
  const [direct] = results;
  const rows = results.map(({ name, p50Ms, p95Ms, perSecond }) => [
    name,
    times(p50Ms / direct.p50Ms),
    times(perSecond / direct.perSecond),
    p50Ms.toFixed(2),
    p95Ms.toFixed(2),
    perSecond.toFixed(0),
  ]);
  return [
    `Accesses: a page of ${parameters.pageBytes} bytes; ${parameters.connections} connections`,
    '',
    table(['', 'p50', 'rate', 'p50 ms', 'p95 ms', 'requests/s'], rows),
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const defaults = { small: false, seconds: 3, connections: 32, alone: 300, rounds: 5, json: false };
  const options = commandLine(usage, defaults);
  const result = await accesses(options);
  console.log(options.json ? JSON.stringify(result) : accessesText(result));
}

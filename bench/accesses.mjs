// `node bench/accesses.mjs [--rounds N] [--seconds N] [--json]`: users' accesses straight to a server, through the gateway
// and through HAProxy.
import { Agent, request } from 'node:http';
import autocannon from 'autocannon';
import { GatewayScene } from './accesses/gateway-scene.mjs';
import { commandLine } from './measuring/command-line.mjs';
import { processCpuMs } from './measuring/cpu.mjs';
import { machine, table, tell, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median, quantile, round } from './measuring/statistics.mjs';

const usage = `Usage: node bench/accesses.mjs [options]
  --seconds N       how long the load lasts in a round; default 3
  --connections N   for the load, all kept open; default 32
  --alone N         requests one after the other in a round, for the latency; default 300
  --rounds N        rounds that count; default 5
  --small           1 second, 2 rounds
  --json            one JSON object on standard output in place of a table`;
/** Name -> bytes. */
const PAGES = { small: 4_096, large: 262_144 };

/** One GET over a kept connection; rejects unless the whole page came. */
function get({ host, port, headers, page }, agent) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, path: `/${page}`, headers, agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () =>
        response.statusCode === 200 && bytes === PAGES[page]
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
  const { host, port, headers, page, pid } = contender;
  const cpuBefore = pid === undefined ? 0 : processCpuMs(pid);
  const url = `http://${host}:${port}/${page}`;
  const load = await autocannon({ url, headers, connections, duration: seconds });
  if (load.non2xx > 0 || load.errors > 0)
    throw new Error(`${contender.name}: ${load.non2xx} refusals and ${load.errors} errors under load`);
  return {
    p50Ms: quantile(latenciesMs, 0.5),
    p95Ms: quantile(latenciesMs, 0.95),
    perSecond: load.requests.average,
    cpuUs: pid === undefined ? 0 : (1_000 * (processCpuMs(pid) - cpuBefore)) / load.requests.total,
  };
}

/** Ratios are of the same round: what else the machine does falls on both. */
function resultOf(contenders, samples) {
  return contenders.map(({ name, way, page, straight }) => {
    const runs = samples.get(name);
    const base = samples.get(straight);
    const middle = (value) => median(runs.map(value));
    return {
      ...{ way, page, pageBytes: PAGES[page] },
      p50Ratio: round(middle((run, at) => run.p50Ms / base[at].p50Ms)),
      rateRatio: round(middle((run, at) => run.perSecond / base[at].perSecond)),
      p50Ms: round(
        middle((run) => run.p50Ms),
        3,
      ),
      p95Ms: round(
        middle((run) => run.p95Ms),
        3,
      ),
      perSecond: round(middle((run) => run.perSecond)),
      cpuUs: round(
        middle((run) => run.cpuUs),
        0,
      ),
    };
  });
}

/** @returns what was measured, as a plain object. */
export async function accesses(given) {
  const options = given.small ? { ...given, seconds: 1, rounds: 2 } : given;
  const scene = new GatewayScene();
  try {
    tell('starting a web server, the gateway and HAProxy');
    const ways = await scene.start(PAGES);
    const contenders = Object.keys(PAGES).flatMap((page) =>
      ways.map((way) => ({
        ...{ ...way, page, way: way.name },
        name: `${way.name}, ${page}`,
        straight: `${ways[0].name}, ${page}`,
      })),
    );
    const samples = await interleaved(contenders, options.rounds, (contender) => oneRun(contender, options));
    return {
      bench: 'accesses',
      machine: machine(),
      parameters: options,
      results: resultOf(contenders, samples),
    };
  } finally {
    await scene.stop();
  }
}

/** The result as people read it. */
export function accessesText({ parameters, results }) {
  const rows = results.map(({ way, pageBytes, p50Ratio, rateRatio, p50Ms, p95Ms, perSecond, cpuUs }) => [
    `${pageBytes} bytes ${way}`,
    times(p50Ratio),
    times(rateRatio),
    p50Ms.toFixed(2),
    p95Ms.toFixed(2),
    perSecond.toFixed(0),
    cpuUs,
  ]);
  // CPU: of the process in between, for each access. It hardly depends on what else the machine does.
  return [
    `Accesses: ${parameters.connections} kept connections; medians of ${parameters.rounds} rounds`,
    '',
    table(['', 'p50', 'rate', 'p50 ms', 'p95 ms', 'requests/s', 'CPU us'], rows),
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const defaults = { small: false, seconds: 3, connections: 32, alone: 300, rounds: 5, json: false };
  const options = commandLine(usage, defaults);
  const result = await accesses(options);
  console.log(options.json ? JSON.stringify(result) : accessesText(result));
}

// `node bench/tenants.mjs [--rounds N] [--json]`: what row-level security costs the readers of the API.
import {
  asTenant,
  connectDatabase,
  DeploymentReader,
  EventFeed,
  Inventory,
  migrate,
  tenantScoped,
} from '@podway/persistence';
import { startPostgres } from '@podway/testing/postgres';
import { commandLine } from './measuring/command-line.mjs';
import { machine, table, times } from './measuring/report.mjs';
import { interleaved, timed } from './measuring/rounds.mjs';
import { median, quantile, round } from './measuring/statistics.mjs';

const usage = `Usage: node bench/tenants.mjs [options]
  --calls N         calls of each question in a round; default 300
  --rounds N        rounds that count; default 5
  --small           50 calls, 2 rounds
  --json            one JSON object on standard output in place of a table`;
const CLIENTS = 100;
const DEPLOYMENTS = 100;
const pod = (number) => ({
  ...{ name: `pod-${number}`, client: `client-${number}`, path: '/srv/site', state: { driver: 'tree' } },
  servers: [{ name: 's1', local: true, http: 'http://127.0.0.1:9' }],
});
const idOf = (number) => String(number).padStart(26, '0');

async function fill(dataSource) {
  const pods = Array.from({ length: CLIENTS }, (_, number) => pod(number));
  await new Inventory(dataSource).apply(pods, 'bench');
  await dataSource.query(
    `insert into coordinator.deployments (id, update_id, client, pod, state, data, traceparent, submitted_at, updated_at)
     select lpad(n::text, 26, '0'), 'u' || n, 'client-' || n % $1::int, 'pod-' || n % $1::int, 'Succeeded', '{}', 't', now(), now()
       from generate_series(0, $1::int * $2::int - 1) n`,
    [CLIENTS, DEPLOYMENTS],
  );
  await dataSource.query(
    `insert into coordinator.event_log (sequence, client, pod, deployment_id, type, envelope, created_at)
     select n + 1, 'client-' || n % $1::int, 'pod-' || n % $1::int, lpad(n::text, 26, '0'), 'a', '{}', now()
       from generate_series(0, $1::int * $2::int - 1) n`,
    [CLIENTS, DEPLOYMENTS],
  );
  await dataSource.query('analyze');
}

const questions = {
  'one POD': ({ inventory }) => inventory.current('pod-7'),
  'one deployment': ({ deployments }) => deployments.byId(idOf(7)),
  '50 deployments of a client': ({ deployments }) => deployments.list({ client: 'client-7', limit: 50 }),
  'events of a client': ({ feed }) => feed.after(0, { client: 'client-7' }, 100),
};

function readers(dataSource) {
  return {
    inventory: new Inventory(dataSource),
    deployments: new DeploymentReader(dataSource),
    feed: new EventFeed(dataSource, ''),
  };
}

/** @returns what was measured, as a plain object. */
export async function tenants({ rounds, calls }) {
  const postgres = await startPostgres();
  const dataSource = await connectDatabase({ url: postgres.url(), poolSize: 2 });
  try {
    await migrate(dataSource);
    await fill(dataSource);
    const open = readers(dataSource);
    const scoped = readers(tenantScoped(dataSource));
    const tenant = { client: 'client-7', pods: [] };
    const contenders = Object.entries(questions).flatMap(([name, ask]) => [
      { name: `${name}, filter alone`, ask: () => ask(open) },
      { name: `${name}, behind the wall`, ask: () => asTenant(tenant, () => ask(scoped)) },
    ]);
    const samples = await interleaved(contenders, rounds, async ({ ask }) => {
      const ms = [];
      for (let call = 0; call < calls; call += 1) ms.push(await timed(ask));
      return ms;
    });
    const p50 = (name) => quantile(samples.get(name).flat(), 0.5);
    const results = Object.keys(questions).map((name) => {
      const [alone, wall] = [`${name}, filter alone`, `${name}, behind the wall`];
      const pairs = samples.get(wall).map((ms, at) => median(ms) / median(samples.get(alone)[at]));
      return {
        name,
        aloneMs: round(p50(alone), 3),
        wallMs: round(p50(wall), 3),
        ratio: round(median(pairs)),
      };
    });
    return { benchmark: 'tenants', machine: machine(), rounds, calls, results };
  } finally {
    await dataSource.destroy();
    await postgres.stop();
  }
}

export function tenantsText({ results }) {
  const rows = results.map(({ name, aloneMs, wallMs, ratio }) => [name, aloneMs, wallMs, times(ratio)]);
  return table(['question', 'filter alone, p50 ms', 'behind the wall, p50 ms', 'ratio'], rows);
}

if (import.meta.filename === process.argv[1]) {
  const given = commandLine(usage, { calls: 300, rounds: 5, small: false, json: false });
  const result = await tenants(given.small ? { calls: 50, rounds: 2 } : given);
  console.log(given.json ? JSON.stringify(result) : tenantsText(result));
}

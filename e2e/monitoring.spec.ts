import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricList, type MetricName } from '@podway/telemetry';
import { ensurePackages } from '@podway/testing/fleet';
import { startPrometheus, type TestPrometheus } from '@podway/testing/prometheus';
import { AllInOneProcess } from './support/all-in-one.js';
import { Collector, type Span } from './support/collector.js';
import { liveTree } from './support/observer.js';

const deploy = fileURLToPath(new URL('../deploy/', import.meta.url));
const ULID_ANYWHERE = /[0-9A-HJKMNP-TV-Z]{26}/;

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

function promtoolCheck(metrics: string): Promise<string> {
  return new Promise((resolve) => {
    const run = execFile('promtool', ['check', 'metrics'], (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}` : stderr),
    );
    run.stdin?.end(metrics);
  });
}

/** `podway_x_seconds_bucket` and its kin are of `podway_x_seconds`. */
function familyOf(series: string): string {
  const family = series.replace(/_(bucket|sum|count)$/, '');
  return family in metricList ? family : series;
}

/** Names of metrics in a query: what is no function, no label and no word of PromQL. */
function namesIn(expression: string): string[] {
  return [...new Set(expression.match(/\b(?:podway|process|nodejs)_[a-z0-9_]+/g) ?? [])];
}

/** OTLP's numbers for the kinds of spans. */
const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

/** A first release, a good update and a bad one, watched by a real Prometheus and by a collector of traces. */
describe('watching the all-in-one', () => {
  const collector = new Collector();
  let podway: AllInOneProcess;
  let prometheus: TestPrometheus;
  beforeAll(async () => {
    await ensurePackages(['prometheus', 'openssh-server', 'openssh-client'], (line) => console.error(line));
    podway = await AllInOneProcess.start({ OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start() });
    const targets = [podway.healthAddress];
    prometheus = await startPrometheus({ job: 'podway', targets, scrapeEveryMs: 1_000 });
    expect(await podway.publish('1')).toBe('Succeeded');
    expect(await podway.publish('2')).toBe('Succeeded');
    const checks = [
      { name: 'never', probe: 'http', path: '/health.txt', expectText: 'ill', tries: 1 } as const,
    ];
    expect(await podway.publish('3', { checks: [...checks] })).toBe('RolledBack');
    expect(await podway.visit('/')).toBe(200);
    expect(await podway.visit('/missing.txt')).toBe(404);
    expect(await podway.visit('/', 'nobody.test')).toBe(404);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await podway?.stop();
    await collector.stop();
  });

  const valueOf = async (expression: string): Promise<number | undefined> =>
    (await prometheus.query(expression))[0]?.value;
  const poll = (expression: string, timeout = 60_000): ReturnType<typeof expect.poll> =>
    expect.poll(() => valueOf(expression), { timeout, interval: 250, message: expression });
  const scraped = async (): Promise<string> => (await fetch(`http://${podway.healthAddress}/metrics`)).text();

  it.each([
    ['sum(podway_deployments_total{pod="shop",outcome="Succeeded"})', 2],
    ['sum(podway_deployments_total{pod="shop",outcome="RolledBack"})', 1],
    ['sum(podway_deployments_total{outcome!~"Succeeded|RolledBack"})', 0],
    ['sum(podway_rollbacks_total{pod="shop",stage="Verifying"})', 1],
    ['sum(podway_deployment_duration_seconds_count)', 3],
    ['sum(podway_stage_duration_seconds_count{stage="Installing"})', 3],
    ['sum(podway_stage_duration_seconds_count{stage="Replicating"})', 2],
    ['sum(podway_queue_wait_seconds_count)', 3],
    ['sum(podway_step_duration_seconds_count{step="Installing",outcome="succeeded"})', 3],
    ['sum(podway_step_duration_seconds_count{step="Verifying",outcome="failed"})', 1],
    ['sum(podway_steps_running)', 0],
    ['sum(podway_host_sessions_open)', 0],
    ['sum(podway_host_commands_total{transport="ssh",result="zero"}) > bool 20', 1],
    ['sum(podway_replication_sent_bytes_total{pod="shop"}) > bool 0', 1],
    ['max(podway_pods)', 1],
    ['max(podway_dead_letters)', 0],
    ['min(podway_census_success)', 1],
    ['count(podway_deployments_running) or vector(0)', 0],
    ['max(podway_outbox_messages{outbox="ingress"})', 0],
    ['sum(podway_messages_handled_total{queue="podway.installer-agent.install-update",result="ack"})', 3],
    ['sum(podway_messages_unpublished_total) or vector(0)', 0],
    ['sum(podway_http_requests_total{method="POST",route="/v1/updates",status="202"})', 3],
    ['sum(podway_accesses_total{pod="shop",class="2xx"})', 1],
    ['sum(podway_accesses_total{pod="shop",class="4xx"})', 1],
    ['sum(podway_accesses_total{pod="",class="4xx"})', 1],
  ])('%s is %d', (expression, value) => poll(expression).toBe(value));

  it('shows drift that was found', async () => {
    const server = podway.servers.at(1);
    const file = join(server.path, (await liveTree(server)) ?? '', 'index.html');
    // Not written in place: other releases have the same file.
    await rm(file);
    await writeFile(file, 'not as it was\n');
    await podway.publisher.call('POST', '/v1/pods/shop/drift', {});
    await poll('max(podway_drifted_servers{pod="shop"})').toBe(1);
    await poll('max(podway_servers{finding="drifted"})').toBe(1);
  });

  it('are well formed, declared, documented and bounded', async () => {
    const seen = new Set<string>();
    const text = await scraped();
    expect(await promtoolCheck(text)).toBe('');
    for (const line of text.split('\n').filter((one) => one.startsWith('podway_'))) {
      const [, series = '', inside = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
      const name = familyOf(series) as MetricName;
      expect(metricList, line).toHaveProperty(name);
      seen.add(name);
      const used = [...inside.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      const declared: readonly string[] = ['service', 'le', ...metricList[name].labels];
      expect(
        used.filter((label) => !declared.includes(label)),
        line,
      ).toEqual([]);
      // Ids are without number; so would be the series.
      expect(line).not.toMatch(ULID_ANYWHERE);
    }
    const quiet = ['podway_queue_depth', 'podway_queue_oldest_seconds', 'podway_deployments_running'];
    const rare = ['podway_deployment_state_age_seconds', 'podway_quarantined_servers'];
    const never = ['podway_messages_unpublished_total'];
    const expected = Object.keys(metricList).filter((name) => ![...quiet, ...rare, ...never].includes(name));
    expect([...seen]).toEqual(expect.arrayContaining(expected));
  });

  it('are all that dashboards and alerts ask for, in queries that Prometheus can read', async () => {
    const known = new Set([...(await scraped()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    const isKnown = (name: string): boolean => known.has(name) || familyOf(name) in metricList;
    const files = (await readdir(`${deploy}grafana`)).filter((name) => name.endsWith('.json'));
    expect(files.length).toBe(3);
    const expressions: string[] = [];
    for (const file of files) {
      const { panels } = JSON.parse(await readFile(`${deploy}grafana/${file}`, 'utf8')) as {
        panels: Panel[];
      };
      for (const { targets = [] } of panels) expressions.push(...targets.map(({ expr }) => expr));
    }
    const rules = parse(await readFile(`${deploy}prometheus/alerts.yaml`, 'utf8')) as {
      groups: { rules: { expr: string }[] }[];
    };
    expressions.push(...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)));
    expect(expressions.length).toBeGreaterThan(50);
    for (const expression of expressions) {
      const query = expression
        .replaceAll('$__rate_interval', '5m')
        .replaceAll('$__range', '1h')
        .replaceAll('$pod', '.*');
      // Rejects with the error of the parser.
      await prometheus.query(query);
      expect(
        namesIn(query).filter((name) => !isKnown(name)),
        expression,
      ).toEqual([]);
    }
  });

  describe('by traces', () => {
    let runs: Span[] = [];
    beforeAll(async () => {
      await podway.end();
      runs = collector.spans.filter(({ name }) => name === 'RUN deployment');
    });

    const traceOf = (run: Span): Span[] => collector.spans.filter(({ traceId }) => traceId === run.traceId);
    const runThat = (outcome: string): Span => {
      const found = runs.findLast(({ attributes }) => attributes['podway.outcome'] === outcome);
      if (!found) throw new Error(`no deployment ended ${outcome}: ${JSON.stringify(runs)}`);
      return found;
    };
    const idOf = (run: Span): unknown => run.attributes['cicd.pipeline.run.id'];
    function ancestors(span: Span): Span[] {
      const parent = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
      return parent ? [parent, ...ancestors(parent)] : [];
    }
    const step = (run: Span, name: string): Span => {
      const found = traceOf(run).find(({ attributes }) => attributes['cicd.pipeline.task.name'] === name);
      if (!found) throw new Error(`${name} was not traced`);
      return found;
    };

    it('are one for each deployment, from the request to its end', () => {
      expect(runs.map(({ attributes }) => attributes['cicd.pipeline.result'])).toEqual([
        'success',
        'success',
        'failure',
      ]);
      expect(new Set(runs.map(({ traceId }) => traceId)).size).toBe(runs.length);
      for (const run of runs) {
        const trace = traceOf(run);
        const roots = trace.filter(({ parentSpanId }) => !parentSpanId);
        expect(roots).toHaveLength(1);
        expect(roots[0]).toMatchObject({
          ...{ service: 'ingress-gateway', name: 'POST /v1/updates', kind: SERVER },
          attributes: {
            'http.request.method': 'POST',
            'http.route': '/v1/updates',
            'http.response.status_code': 202,
          },
        });
        const ids = new Set(trace.map(idOf).filter((id) => id !== undefined));
        expect([...ids]).toEqual([idOf(run)]);
      }
    });

    it('have no hole: the parent of every span is there', () => {
      const known = new Set(collector.spans.map(({ spanId }) => spanId));
      const orphans = collector.spans.filter(({ parentSpanId }) => parentSpanId && !known.has(parentSpanId));
      expect(orphans).toEqual([]);
    });

    it('lead through the services in the order of FIG. 2', () => {
      const run = runThat('Succeeded');
      const confirming = step(run, 'Confirming');
      const through = ancestors(confirming).reverse();
      const path = through.filter(({ service }, index) => service !== through[index - 1]?.service);
      expect(path.map(({ service }) => service)).toEqual([
        ...[
          'ingress-gateway',
          'saga-coordinator',
          'auth',
          'saga-coordinator',
          'pod-resolver',
          'saga-coordinator',
        ],
        ...['pod-resolver', 'saga-coordinator', 'snapshotter', 'saga-coordinator', 'installer-agent'],
        ...['saga-coordinator', 'verifier', 'saga-coordinator', 'replicator', 'saga-coordinator', 'verifier'],
      ]);
      const back = ancestors(step(runThat('RolledBack'), 'ConfirmingRollback')).map(({ service }) => service);
      expect(back).toContain('snapshotter');
      expect(back).not.toContain('replicator');
    });

    it('speak of messages as the conventions do', () => {
      const run = runThat('Succeeded');
      const [consumed, produced] = ancestors(step(run, 'Installing'));
      const queue = 'podway.installer-agent.install-update';
      const common = {
        'messaging.system': 'podway',
        'messaging.destination.name': queue,
        'messaging.message.conversation_id': idOf(run),
      };
      expect(consumed).toMatchObject({
        ...{ service: 'installer-agent', kind: CONSUMER, name: `process ${queue}` },
        attributes: {
          ...common,
          'messaging.operation.type': 'process',
          'messaging.operation.name': 'process',
          'podway.message.result': 'ack',
        },
      });
      expect(produced).toMatchObject({
        ...{ service: 'saga-coordinator', kind: PRODUCER, name: `publish ${queue}` },
        attributes: { ...common, 'messaging.operation.type': 'send' },
      });
      expect(consumed?.attributes['messaging.message.id']).toBe(produced?.attributes['messaging.message.id']);
    });

    it('speak of steps and their commands on servers', () => {
      const run = runThat('RolledBack');
      const verifying = step(run, 'Verifying');
      expect(verifying.attributes).toMatchObject({
        'cicd.pipeline.task.run.id': `${idOf(run) as string}/Verifying/1`,
        'cicd.pipeline.task.run.result': 'failure',
        'podway.pod': 'shop',
      });
      const commands = traceOf(run).filter(
        ({ parentSpanId }) => parentSpanId === step(run, 'Installing').spanId,
      );
      expect(commands.every(({ kind }) => kind === CLIENT)).toBe(true);
      expect(commands.map(({ attributes }) => attributes['podway.verb'])).toContain('switch');
    });

    it('tell no secrets, arguments or contents', () => {
      const { raw } = collector;
      expect(raw.length).toBeGreaterThan(10_000);
      // Keys are `pw_…`; servers' paths and a script's text come in arguments; the database has its user in its address.
      for (const secret of ['pw_', 'postgres://', '/.podway', 'sha256sum', 'authorization', 'Bearer'])
        expect(raw).not.toContain(secret);
      const allowed =
        /^(http\.(request\.method|route|response\.status_code)|messaging\.[a-z._]+|cicd\.pipeline\.[a-z._]+|podway\.(pod|outcome|server|transport|verb|message\.(result|tries))|process\.(executable\.name|exit\.code)|server\.(address|port)|error\.type)$/;
      const names = new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)));
      expect([...names].filter((name) => !allowed.test(name))).toEqual([]);
    });
  });
});

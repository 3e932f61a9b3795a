import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { services } from '@podway/contracts';
import { ensurePackages } from '@podway/testing/fleet';
import { anchorsOf } from './markdown.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const textOf = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const promtool = (...argv: string[]): string =>
  execFileSync('promtool', argv, { cwd: `${root}deploy/prometheus`, encoding: 'utf8' });

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string; runbook: string };
  labels: { severity: string };
}
interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { refId: string; expr: string }[];
}
interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  templating: { list: { name: string; type: string }[] };
  panels: Panel[];
}

describe('alerts', () => {
  beforeAll(() => ensurePackages(['prometheus'], (line) => console.error(line)));
  const { groups } = parse(textOf('deploy/prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  const tests = parse(textOf('deploy/prometheus/alerts.test.yaml')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[];
  };
  const tried = tests.tests.flatMap((test) => test.alert_rule_test);

  it('are rules that Prometheus takes, and rise when they should', () => {
    expect(promtool('check', 'rules', 'alerts.yaml')).toContain(`${rules.length} rules found`);
    expect(promtool('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
    expect(promtool('check', 'config', 'prometheus.yaml')).toContain('SUCCESS');
  });

  it.each(rules)(
    '$alert is tried both ways and has its place in the docs',
    ({ alert, annotations, labels }) => {
      const own = tried.filter(({ alertname }) => alertname === alert);
      expect(own.some(({ exp_alerts: raised }) => raised !== undefined && raised.length > 0)).toBe(true);
      expect(own.some(({ exp_alerts: raised }) => raised === undefined)).toBe(true);
      const [page = '', anchor] = annotations.runbook.split('#');
      expect(anchorsOf(textOf(page))).toContain(anchor);
      expect(['critical', 'warning']).toContain(labels.severity);
    },
  );

  it('are all that the docs speak of', () => {
    const told = [...textOf('docs/monitoring.md').matchAll(/^### (Podway\w+)$/gm)].map(([, name]) => name);
    expect(told).toEqual(rules.map(({ alert }) => alert));
  });

  it('are raised on every service', () => {
    const { scrape_configs: jobs } = parse(textOf('deploy/prometheus/prometheus.yaml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const hosts = jobs[0]?.static_configs[0]?.targets.map((target) => target.split(':')[0]);
    expect(jobs[0]?.job_name).toBe('podway');
    expect([...(hosts ?? [])].sort()).toEqual([...services].sort());
  });
});

describe('dashboards', () => {
  const files = readdirSync(`${root}deploy/grafana`);
  const dashboards = files.map((file) => JSON.parse(textOf(`deploy/grafana/${file}`)) as Dashboard);

  it('are three, each with an id of its own', () => {
    expect(files).toEqual(['fleet.json', 'messaging.json', 'stages.json']);
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(3);
  });

  it.each(dashboards)('$title can be loaded and read', ({ schemaVersion, templating, panels }) => {
    expect(schemaVersion).toBeGreaterThanOrEqual(39);
    const variables = templating.list.map(({ name }) => name);
    expect(templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { type, title, gridPos, datasource, targets = [] } of panels) {
      expect(['row', 'stat', 'timeseries', 'table']).toContain(type);
      expect(title).not.toBe('');
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      if (type === 'row') continue;
      expect(datasource?.uid).toBe('${datasource}');
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      const own = targets.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
      expect(
        own.filter((name) => !variables.includes(name) && !name.startsWith('__')),
        title,
      ).toEqual([]);
    }
  });

  it.each(dashboards)('$title has panels that do not lie on each other', ({ panels }) => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x} ${y}`), `${title} lies on it`).toBeUndefined();
          taken.set(`${x} ${y}`, title);
        }
    }
  });
});

import { describe, expect, it } from 'vitest';
import { labels, metricList } from './metric-list.js';
import { MetricsRegistry } from './metrics.js';

describe('MetricsRegistry', () => {
  const small = (): MetricsRegistry => new MetricsRegistry({ ofProcess: false });

  it('keeps the services of a process apart, and processes too', async () => {
    const [one, other] = [small(), small()];
    one.of('verifier').count('podway_messages_published_total', { type: 'a' });
    one.of('replicator').count('podway_messages_published_total', { type: 'a' }, 2);
    const text = await one.text();
    expect(text).toContain('podway_messages_published_total{service="verifier",type="a"} 1');
    expect(text).toContain('podway_messages_published_total{service="replicator",type="a"} 2');
    expect(text.match(/# TYPE podway_messages_published_total counter/g)).toHaveLength(1);
    expect(await other.text()).not.toContain('podway_messages');
  });

  it('shows a counter before its first increase', async () => {
    const registry = small();
    registry.of('saga-coordinator').zero('podway_deployments_total', { pod: 'shop', outcome: 'Failed' });
    expect(await registry.text()).toContain('{service="saga-coordinator",pod="shop",outcome="Failed"} 0');
  });

  it('has seconds in the buckets that were declared', async () => {
    const registry = small();
    registry.of('verifier').observe('podway_message_handling_seconds', { queue: 'q' }, 0.3);
    const text = await registry.text();
    expect(text).toContain('_bucket{le="0.25",service="verifier",queue="q"} 0');
    expect(text).toContain('_bucket{le="0.5",service="verifier",queue="q"} 1');
  });

  it('waits for what is collected at a scrape, and forgets what is gone', async () => {
    const registry = small();
    const metrics = registry.of('saga-coordinator');
    let depth = 3;
    metrics.beforeScrape(async () => {
      await Promise.resolve();
      metrics.clear('podway_queue_depth');
      if (depth > 0) metrics.set('podway_queue_depth', { pod: 'shop' }, depth);
    });
    expect(await registry.text()).toContain('podway_queue_depth{service="saga-coordinator",pod="shop"} 3');
    depth = 0;
    expect(await registry.text()).not.toContain('podway_queue_depth{');
  });

  it('sums up what a gauge of one service says', async () => {
    const registry = small();
    const [one, other] = [registry.of('verifier'), registry.of('replicator')];
    expect(await one.sum('podway_host_sessions_open')).toBe(0);
    one.add('podway_host_sessions_open', { transport: 'ssh' }, 3);
    one.add('podway_host_sessions_open', { transport: 'local' }, 1);
    other.add('podway_host_sessions_open', { transport: 'ssh' }, 7);
    expect(await one.sum('podway_host_sessions_open')).toBe(4);
    expect(await one.sum('podway_host_sessions_open', { transport: 'ssh' })).toBe(3);
  });

  it('tells about the process, by names that promtool takes', async () => {
    const text = await new MetricsRegistry().text();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toMatch(/# TYPE \w+_total gauge/);
  });
});

describe('metricList', () => {
  it.each(Object.entries(metricList))(
    '%s is named by the conventions',
    (name, { type, help, labels: used }) => {
      expect(name).toMatch(/^podway_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(help).toMatch(/\.$/);
      for (const label of used) expect(labels).toHaveProperty(label);
    },
  );
});

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metricList, type MetricName } from './metric-list.js';

type Values<N extends MetricName> = Readonly<Record<(typeof metricList)[N]['labels'][number], string>>;
type OfType<T extends string> = {
  [N in MetricName]: (typeof metricList)[N]['type'] extends T ? N : never;
}[MetricName];

export type CounterName = OfType<'counter'>;
export type GaugeName = OfType<'gauge'>;
export type HistogramName = OfType<'histogram'>;

/** Counts and measures what one service does. */
export interface Metrics {
  count<N extends CounterName>(name: N, values: Values<N>, by?: number): void;
  /** Makes a counter visible at 0, so that its first increase is seen as one. */
  zero<N extends CounterName>(name: N, values: Values<N>): void;
  observe<N extends HistogramName>(name: N, values: Values<N>, seconds: number): void;
  set<N extends GaugeName>(name: N, values: Values<N>, to: number): void;
  add<N extends GaugeName>(name: N, values: Values<N>, by: number): void;
  /** What a gauge of this service says now, over all labels that are not given. */
  sum<N extends GaugeName>(name: N, values?: Partial<Values<N>>): Promise<number>;
  /** Forgets all values of a gauge. */
  clear(name: GaugeName): void;
  /** Called before each scrape; it is waited for, and must not reject. */
  beforeScrape(collect: () => Promise<void>): void;
}

/** Gauges that are called like counters: `promtool check metrics` objects. Others tell the same by type. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

/** The metrics of one process, whichever services it has. Never prom-client's global registry: a process may have two. */
export class MetricsRegistry {
  private readonly registry = new Registry();
  private readonly collectors: (() => Promise<void>)[] = [];

  /** @param ofProcess whether it has what Node tells about the process, too. */
  constructor({ ofProcess = true } = {}) {
    if (!ofProcess) return;
    collectDefaultMetrics({ register: this.registry });
    for (const name of misnamed) this.registry.removeSingleMetric(name);
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** The text that Prometheus scrapes. */
  async text(): Promise<string> {
    await Promise.all(this.collectors.map((collect) => collect()));
    return this.registry.metrics();
  }

  /** The view of one service: its name is on all that it counts. */
  of(service: string): Metrics {
    return {
      count: (name, values, by = 1) => this.counter(name).inc({ service, ...values }, by),
      zero: (name, values) => this.counter(name).inc({ service, ...values }, 0),
      observe: (name, values, seconds) => this.histogram(name).observe({ service, ...values }, seconds),
      set: (name, values, to) => this.gauge(name).set({ service, ...values }, to),
      add: (name, values, by) => this.gauge(name).inc({ service, ...values }, by),
      sum: (name, values = {}) => sumOf(this.gauge(name), { service, ...values }),
      clear: (name) => this.gauge(name).reset(),
      beforeScrape: (collect) => void this.collectors.push(collect),
    };
  }

  private counter(name: CounterName): Counter {
    return this.known(name, Counter) ?? new Counter(this.options(name));
  }

  private gauge(name: GaugeName): Gauge {
    return this.known(name, Gauge) ?? new Gauge(this.options(name));
  }

  private histogram(name: HistogramName): Histogram {
    const { buckets } = metricList[name];
    return this.known(name, Histogram) ?? new Histogram({ ...this.options(name), buckets: [...buckets] });
  }

  private known<M>(name: MetricName, type: abstract new (...args: never[]) => M): M | undefined {
    const metric = this.registry.getSingleMetric(name);
    return metric instanceof type ? metric : undefined;
  }

  private options(name: MetricName): {
    name: string;
    help: string;
    labelNames: string[];
    registers: Registry[];
  } {
    const { help, labels } = metricList[name];
    return { name, help, labelNames: ['service', ...labels], registers: [this.registry] };
  }
}

async function sumOf(gauge: Gauge, wanted: Readonly<Record<string, string | undefined>>): Promise<number> {
  const { values } = await gauge.get();
  const counted = values.filter(({ labels }) =>
    Object.entries(wanted).every(([label, value]) => labels[label] === value),
  );
  return counted.reduce((sum, { value }) => sum + value, 0);
}

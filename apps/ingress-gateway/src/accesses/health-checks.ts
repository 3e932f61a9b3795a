import { request } from 'node:http';
import type { HealthPolicy } from './access-policy.js';
import type { RouteTable } from './route-table.js';

interface Checked {
  url: string;
  policy: HealthPolicy;
  healthy: boolean;
  /** In rotation, and so asked. */
  active: boolean;
  /** Results in a row that say the contrary of `healthy`. */
  contrary: number;
  /** When the next check is due; undefined while one runs or waits for its turn. */
  timer?: NodeJS.Timeout;
}

/** Health by server key, told when it changes. */
export type HealthChanged = (key: string, healthy: boolean, reason: string) => void;

/**
 * Asks servers in rotation how they are. What is known of a server stays while it is out of rotation. One that is new
 * counts as healthy: its POD has just been proved to be.
 */
export class HealthChecks {
  private readonly known = new Map<string, Checked>();
  private readonly waiting = new Set<string>();
  private readonly running = new Set<string>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly mostAtOnce: number,
    private readonly onChange: HealthChanged = () => undefined,
  ) {}

  isHealthy(key: string): boolean {
    return this.known.get(key)?.healthy ?? true;
  }

  /** Checks the servers in rotation from now on, and no others. */
  follow(routes: RouteTable): void {
    const there = new Set<string>();
    const inRotation = new Set<string>();
    for (const pod of routes.pods()) {
      if (!pod.policy.health) continue;
      for (const { key } of pod.inRotation) inRotation.add(key);
      for (const { key, url } of pod.all) {
        there.add(key);
        this.know(key, url, pod.policy.health);
      }
    }
    for (const [key, one] of this.known) {
      one.active = inRotation.has(key);
      if (!one.active) this.pause(one);
      else if (one.timer === undefined && !this.waiting.has(key) && !this.running.has(key))
        this.later(key, 0);
      if (!there.has(key)) this.known.delete(key);
    }
  }

  stop(): void {
    this.stopping.abort();
    for (const one of this.known.values()) this.pause(one);
    this.known.clear();
  }

  private know(key: string, url: string, policy: HealthPolicy): void {
    const before = this.known.get(key);
    if (before?.url === url) {
      before.policy = policy;
      return;
    }
    // Another address is another server.
    if (before) this.pause(before);
    this.known.set(key, { url, policy, healthy: true, active: false, contrary: 0 });
  }

  private pause(one: Checked): void {
    clearTimeout(one.timer);
    delete one.timer;
  }

  private later(key: string, ms: number): void {
    const one = this.known.get(key);
    if (!one?.active) return;
    one.timer = setTimeout(() => {
      delete one.timer;
      this.waiting.add(key);
      this.fill();
    }, ms);
  }

  private fill(): void {
    for (const key of this.waiting) {
      if (this.running.size >= this.mostAtOnce) return;
      this.waiting.delete(key);
      const one = this.known.get(key);
      if (one?.active) void this.check(key, one);
    }
  }

  private async check(key: string, one: Checked): Promise<void> {
    this.running.add(key);
    const problem = await ask(one.url, one.policy, this.stopping.signal);
    this.running.delete(key);
    // It may have left, or have another address, by now.
    if (this.known.get(key) === one) this.learn(key, one, problem);
    if (this.known.get(key)?.timer === undefined) {
      this.later(key, this.known.get(key)?.policy.intervalMs ?? 0);
    }
    this.fill();
  }

  private learn(key: string, one: Checked, problem: string | undefined): void {
    const passed = problem === undefined;
    one.contrary = passed === one.healthy ? 0 : one.contrary + 1;
    if (one.contrary < (passed ? one.policy.healthyAfter : one.policy.unhealthyAfter)) return;
    if (passed === one.healthy) return;
    one.healthy = passed;
    one.contrary = 0;
    this.onChange(key, passed, problem ?? 'it passes its checks');
  }
}

/** One check, on a connection of its own. Resolves with what is wrong, or undefined. */
function ask(url: string, policy: HealthPolicy, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const asking = request({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || 80,
      path: policy.path,
      agent: false,
      signal,
      headers: { 'user-agent': 'podway-health', ...(policy.host ? { host: policy.host } : {}) },
    });
    const late = setTimeout(() => asking.destroy(new Error('it did not answer in time')), policy.timeoutMs);
    const told = (problem: string | undefined): void => {
      clearTimeout(late);
      resolve(problem);
    };
    asking.once('response', (response) => {
      const status = response.statusCode ?? 0;
      told(isExpected(status, policy) ? undefined : `it answered with status ${status}`);
      // The status is enough; a page without end is not read.
      response.destroy();
    });
    asking.on('error', (error) => told(error.message));
    asking.end();
  });
}

function isExpected(status: number, { expectStatus }: HealthPolicy): boolean {
  return expectStatus === undefined ? status >= 200 && status < 400 : status === expectStatus;
}

import type { PodSpec } from '@podway/contracts';
import { Notifications, Relay, ROTATION_CHANNEL, type Inventory } from '@podway/persistence';
import { haproxyBackendOf } from './haproxy-backend.js';
import type { HaproxyLoadBalancer } from './haproxy-load-balancer.js';

export interface HaproxyWatchOptions {
  readonly inventory: Inventory;
  readonly balancer: Pick<HaproxyLoadBalancer, 'follow'>;
  readonly databaseUrl: string;
  /** Between looks, besides being told of changes. */
  readonly pollMs: number;
  /** HAProxy was not as the rotation wants it, and is now: it was restarted, or somebody else changed it. */
  readonly onMended: (pod: string) => void;
  /** Told once when it begins and once when it changes, not at every look. */
  readonly onTrouble: (error: unknown, pod?: string) => void;
  readonly onTroubleOver: (pod: string) => void;
}

/**
 * Keeps every HAProxy of the inventory to the rotation, also when no step is under way: one that was restarted has lost
 * it, and a server that was quarantined has to leave.
 */
export class HaproxyWatch {
  private readonly relay: Relay;
  private readonly notifications: Notifications;
  private pods: readonly PodSpec[] = [];
  private stamp: string | undefined;
  private readonly troubles = new Map<string, string>();

  constructor(private readonly options: HaproxyWatchOptions) {
    this.relay = new Relay(() => this.pass(), options.onTrouble, options.pollMs);
    this.notifications = new Notifications(options.databaseUrl, ROTATION_CHANNEL, options.pollMs);
    this.notifications.on(() => this.relay.wake());
  }

  start(): void {
    this.notifications.start();
    this.relay.start();
  }

  /** Waits for the look under way. */
  async stop(): Promise<void> {
    await this.notifications.close();
    await this.relay.stop();
  }

  private async pass(): Promise<boolean> {
    const stamp = await this.options.inventory.stamp();
    if (stamp !== this.stamp) {
      const all = (await this.options.inventory.list()).map((pod) => pod.spec);
      this.pods = all.filter((pod) => pod.balancer?.kind === 'haproxy');
      this.stamp = stamp;
    }
    // One after the other where HAProxy is the same: it takes only a few connections of this kind at once.
    const groups = new Map<string, PodSpec[]>();
    for (const pod of this.pods) {
      const where = haproxyBackendOf(pod).sockets.join(' ');
      groups.set(where, [...(groups.get(where) ?? []), pod]);
    }
    await Promise.all(
      [...groups.values()].map(async (pods) => {
        for (const pod of pods) await this.look(pod);
      }),
    );
    return false;
  }

  private async look(pod: PodSpec): Promise<void> {
    const { balancer, onMended, onTrouble, onTroubleOver } = this.options;
    try {
      if (await balancer.follow(pod)) onMended(pod.name);
      if (this.troubles.delete(pod.name)) onTroubleOver(pod.name);
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error);
      if (this.troubles.get(pod.name) !== told) onTrouble(error, pod.name);
      this.troubles.set(pod.name, told);
    }
  }
}

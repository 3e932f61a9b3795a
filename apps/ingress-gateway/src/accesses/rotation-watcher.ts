import {
  Notifications,
  Relay,
  ROTATION_CHANNEL,
  type Inventory,
  type InventoryPod,
  type Rotation,
} from '@podway/persistence';
import { RouteTable, type RouteTableOptions } from './route-table.js';

/** The channel tells most changes at once; this is for what it missed while its connection was away. */
const RECONNECT_MS = 1_000;

export interface RotationWatcherOptions {
  readonly rotation: Rotation;
  readonly inventory: Inventory;
  readonly databaseUrl: string;
  readonly pollMs: number;
  readonly table: RouteTableOptions;
  /** Running accesses by `<pod>/<server>`. */
  readonly running: () => Record<string, number>;
  /** Those that may write, by POD. */
  readonly runningWrites: () => Record<string, number>;
  readonly onChange: (routes: RouteTable) => void;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Keeps the route table, and tells the steps how far this gateway has followed the rotation. While the database is
 * away the last table stays in use.
 */
export class RotationWatcher {
  private readonly relay: Relay;
  private readonly notifications: Notifications;
  private table: RouteTable | undefined;
  private pods: readonly InventoryPod[] = [];
  private stamp: string | undefined;
  private name = '';

  constructor(private readonly options: RotationWatcherOptions) {
    this.relay = new Relay(() => this.pass(), options.onTrouble, options.pollMs);
    this.notifications = new Notifications(options.databaseUrl, ROTATION_CHANNEL, RECONNECT_MS);
    this.notifications.on(() => this.relay.wake());
  }

  /** The table that accesses are routed by; undefined before the first. */
  get routes(): RouteTable | undefined {
    return this.table;
  }

  /** Resolves when the first table is in use and acknowledged. `name` is this gateway's among all. */
  async start(name: string): Promise<void> {
    this.name = name;
    // Known as one that follows nothing yet: a drain that begins from now on waits for this gateway.
    await this.options.rotation.acknowledge(name, 0, {});
    await this.pass();
    this.notifications.start();
    this.relay.start();
  }

  /** An access that has ended may be what a drain waits for. */
  ended(key: string): void {
    if (this.table?.isOut(key)) this.relay.wake();
  }

  /** The last write to a POD has ended: it may be what its fence waits for. */
  writesEnded(pod: string): void {
    if (this.table?.isWriteFenced(pod)) this.relay.wake();
  }

  /** No drain waits for this gateway any more. Only after its last access. */
  async stop(): Promise<void> {
    await this.notifications.close();
    await this.relay.stop();
    await this.options.rotation.leave(this.name).catch(this.options.onTrouble);
  }

  private async pass(): Promise<boolean> {
    const { rotation, inventory, running, runningWrites } = this.options;
    const view = await rotation.view();
    const stamp = await inventory.stamp();
    const changed = stamp !== this.stamp || view.generation !== this.table?.generation;
    if (stamp !== this.stamp) {
      this.pods = await inventory.list();
      this.stamp = stamp;
    }
    if (changed) {
      this.table = new RouteTable(this.pods, view, this.options.table);
      this.options.onChange(this.table);
    }
    // From here on no access is routed by an older table, and those that were are counted.
    await rotation.acknowledge(this.name, view.generation, running(), runningWrites());
    return false;
  }
}

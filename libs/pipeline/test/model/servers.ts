import { promise, type Planted } from './planted.js';

export type Touched = 'done' | 'refused' | 'unreachable';

/** A server as far as the promise goes: a live tree, a token, markers, and the journal that the payload writes. */
export class ModelServer {
  live: string | undefined;
  token = 0;
  inRotation = true;
  reachable = true;
  /** Live tree at the time of the snapshot, by deployment. */
  readonly snapshots = new Map<string, string | undefined>();
  readonly installed = new Set<string>();
  readonly journal = new Map<string, number>();

  constructor(
    readonly name: string,
    private readonly planted: Planted,
  ) {}

  /** The check before every change: a lower token than the highest seen is refused. */
  touch(token: number): Touched {
    if (!this.reachable) return 'unreachable';
    if (token < this.token && !this.planted.noServerFence) return 'refused';
    this.token = Math.max(this.token, token);
    return 'done';
  }

  /** Runs the installer, unless the deployment's marker says that it ran. */
  install(deploymentId: string, tree: string, noMarkers = this.planted.noMarkers): void {
    if (this.installed.has(deploymentId) && !noMarkers) return;
    this.installed.add(deploymentId);
    const effects = (this.journal.get(deploymentId) ?? 0) + 1;
    this.journal.set(deploymentId, effects);
    promise(effects === 1, `${this.name} applied ${deploymentId} ${effects} times`);
    this.live = tree;
  }
}

/** One POD: its servers, and the rows that the coordinator and the rotation keep about it. */
export class ModelPod {
  readonly servers: ModelServer[];
  readonly quarantined = new Set<string>();
  readonly releases: { number: number; treeId: string }[] = [];
  holder: string | undefined;
  /** Last fencing token drawn. */
  token = 0;
  rotationToken = 0;

  constructor(
    readonly name: string,
    size: number,
    readonly onPartialFailure: 'rollback-all' | 'quarantine',
    private readonly planted: Planted,
  ) {
    this.servers = Array.from({ length: size }, (_, i) => new ModelServer(`${name}-${i}`, planted));
  }

  get current(): string | undefined {
    return this.releases.at(-1)?.treeId;
  }

  server(name: string): ModelServer {
    const found = this.servers.find((server) => server.name === name);
    if (!found) throw new Error(`${this.name} has no server ${name}`);
    return found;
  }

  /** Shows a token to the rotation: from now on older ones are refused. */
  fence(token: number): boolean {
    if (token < this.rotationToken && !this.planted.noRotationFence) return false;
    this.rotationToken = Math.max(this.rotationToken, token);
    return true;
  }

  /** In and out of rotation, refused for old tokens like any other change. */
  rotate(server: ModelServer, token: number, inRotation: boolean): boolean {
    if (!this.fence(token)) return false;
    server.inRotation = inRotation;
    return true;
  }

  /** Servers that get user accesses. */
  serving(): ModelServer[] {
    return this.servers.filter(({ name, inRotation }) => inRotation && !this.quarantined.has(name));
  }

  /** The next canary: not quarantined; else, so that a POD can recover, one that is on the current release. */
  canary(): ModelServer | undefined {
    const reachable = this.servers.filter((server) => server.reachable);
    const free = this.servers.filter(({ name }) => !this.quarantined.has(name));
    return free.length > 0
      ? reachable.find((server) => free.includes(server))
      : reachable.find((server) => server.live === this.current);
  }
}

import { tool } from './tool.js';

/**
 * The network of some servers: a bridge of this machine in 198.18.0.0/15 (RFC 2544, for tests between devices). Nothing
 * there has a route to anywhere else.
 */
export class Network {
  readonly #bridge: string;

  constructor(private readonly number: number) {
    this.#bridge = `pwd${number}`;
  }

  async lay(): Promise<void> {
    await ip('link', 'add', this.#bridge, 'type', 'bridge');
    await ip('address', 'add', `${this.address(1)}/24`, 'dev', this.#bridge);
    await ip('link', 'set', this.#bridge, 'up');
  }

  address(host: number): string {
    return `198.${18 + (this.number >> 8)}.${this.number & 255}.${host}`;
  }

  /** A network namespace with an address on this network. `index`: 0 to 199. */
  async attach(index: number): Promise<ServerLink> {
    if (index >= 200) throw new RangeError('A network has room for 200 servers');
    const link = new ServerLink(
      this.address(10 + index),
      `${this.#bridge}-${index}`,
      `${this.#bridge}s${index}`,
    );
    const { namespace, outside, address } = link;
    await ip('netns', 'add', namespace);
    await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('link', 'set', outside, 'master', this.#bridge, 'up');
    await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await link.up();
    return link;
  }
}

/** A server's cable: a pair of devices, one in the server's network namespace and one outside on the bridge. */
export class ServerLink {
  constructor(
    readonly address: string,
    readonly namespace: string,
    readonly outside: string,
  ) {}

  async up(): Promise<void> {
    await ip('-n', this.namespace, 'link', 'set', 'eth0', 'up');
  }

  async down(): Promise<void> {
    await ip('-n', this.namespace, 'link', 'set', 'eth0', 'down');
  }

  /** Bounds both directions. `0` lifts it. */
  async slow(kbit: number): Promise<void> {
    // A burst below what passes in 20 ms would bound it further.
    const burst = Math.max(16_384, Math.round((kbit * 1000) / 8 / 50));
    const shape =
      kbit > 0 ? ['tbf', 'rate', `${kbit}kbit`, 'burst', `${burst}b`, 'latency', '400ms'] : ['noqueue'];
    await tool(['tc', '-n', this.namespace, 'qdisc', 'replace', 'dev', 'eth0', 'root', ...shape]);
    await tool(['tc', 'qdisc', 'replace', 'dev', this.outside, 'root', ...shape]);
  }
}

const ip = (...argv: string[]) => tool(['ip', ...argv]);

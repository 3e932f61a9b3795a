import type { Socket } from 'node:net';

export interface ConnectionLimitsOptions {
  readonly maxConnections: number;
  /** 0: no limit of its own. */
  readonly maxConnectionsPerAddress: number;
}

/** Counts the connections of one listener. One address cannot take all of them. */
export class ConnectionLimits {
  private all = 0;
  private readonly byAddress = new Map<string, number>();

  constructor(private readonly options: ConnectionLimitsOptions) {}

  /** Counts a connection until it is closed. False: it is one too many, and not counted. */
  take(socket: Socket): boolean {
    const { maxConnections, maxConnectionsPerAddress: most } = this.options;
    const address = socket.remoteAddress ?? '';
    const ofAddress = this.byAddress.get(address) ?? 0;
    if (this.all >= maxConnections || (most > 0 && ofAddress >= most)) return false;
    this.all += 1;
    this.byAddress.set(address, ofAddress + 1);
    socket.once('close', () => this.give(address));
    return true;
  }

  private give(address: string): void {
    this.all -= 1;
    const left = (this.byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.byAddress.set(address, left);
    else this.byAddress.delete(address);
  }
}

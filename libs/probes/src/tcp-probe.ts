import { once } from 'node:events';
import { connect } from 'node:net';
import type { Check } from '@podway/contracts';
import { serverAddress } from './server-address.js';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

/** Opens a port of the server and closes it. */
export class TcpProbe implements Probe {
  readonly kind = 'tcp';

  describe(check: Check, { server }: ProbeTarget): string {
    return `tcp ${check.port ?? serverAddress(server).port}`;
  }

  async run(check: Check, { server }: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    const { host, port } = serverAddress(server);
    const socket = connect({ host, port: check.port ?? port });
    try {
      await once(socket, 'connect', { signal });
      return { verdict: 'passed', detail: `port ${check.port ?? port} is open` };
    } finally {
      socket.on('error', () => undefined);
      socket.destroy();
    }
  }
}

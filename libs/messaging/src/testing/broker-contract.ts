import { describe } from 'vitest';
import { deadLetterContract } from './dead-letter-contract.js';
import { deliveryContract } from './delivery-contract.js';
import { recoveryContract } from './recovery-contract.js';
import type { BrokerHarness } from './contract-harness.js';

export type { BrokerHarness } from './contract-harness.js';
export { contractTopology, gate, numbered, numberIn } from './contract-harness.js';
export { TcpRelay } from './tcp-relay.js';

/** What every adapter of the Broker port must keep. Call it in a spec file; the harness is opened once for all tests. */
export function brokerContract(name: string, open: () => Promise<BrokerHarness>): void {
  describe(name, () => {
    deliveryContract(open);
    deadLetterContract(open);
    recoveryContract(open);
  });
}

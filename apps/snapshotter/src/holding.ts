import {
  CanaryHeld,
  CanaryLost,
  type HoldCanary,
  type PodwayError,
  type StepOutcome,
} from '@podway/contracts';
import { failureOf, outcomeOf, watchdogMsOf, type PodServers, type StepWork } from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';

/** Of the watchdog's time: two chances to hold it off are left when one is missed. */
const PART_OF_WATCHDOG = 1 / 3;

/** The verified canary waits: its watchdog is held off, so that it stays as it is. */
export class Holding implements StepWork<HoldCanary> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
  ) {}

  async execute(command: HoldCanary, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    const watchdogMs = watchdogMsOf(pod);
    await this.driver.feedWatchdog(canary, context, { watchdogMs });
    return outcomeOf(CanaryHeld, command, { againInMs: Math.ceil(watchdogMs * PART_OF_WATCHDOG) });
  }

  failed(command: HoldCanary, error: PodwayError): CanaryLost {
    return failureOf(CanaryLost, command, error, { server: command.canary });
  }
}

import { steps, type Step } from '@podway/contracts';

/** What can go wrong around a step. */
export const faults = [
  'command duplicated',
  'command lost',
  'command reordered',
  'outcome duplicated',
  'outcome lost',
  'outcome reordered',
  'worker failed',
  'worker killed, command redelivered',
  'worker killed, command lost',
  'worker woke after its attempt was given up',
  'timed out, tried again',
  'timed out for good',
  'coordinator crashed before commit',
  'coordinator crashed before publish',
  'coordinator crashed after publish',
  'coordinator crashed before ack',
  'progress',
  'abort',
] as const;
export type Fault = (typeof faults)[number];

/** How often each (step x fault) pair was hit over all runs. */
export class Coverage {
  private readonly counts = new Map<string, number>();

  hit(fault: Fault, step: Step): void {
    const key = `${step} x ${fault}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  missing(): string[] {
    return steps
      .flatMap((step) => faults.map((fault) => `${step} x ${fault}`))
      .filter((key) => !this.counts.has(key));
  }

  /** The pair that was hit least, for the report. */
  rarest(): string {
    const [least] = [...this.counts].sort(([, a], [, b]) => a - b);
    return least ? `${least[0]}: ${least[1]} times, of ${this.counts.size} pairs` : 'nothing was hit';
  }
}

import type { StepCommand } from '@podway/contracts';

/** To the coordinator. */
export interface Message {
  readonly id: string;
  readonly body: object;
  deferrals: number;
}

/** Two queues that may reorder, repeat and lose. */
export class ModelBroker {
  readonly commands: StepCommand[] = [];
  readonly outcomes: Message[] = [];
  readonly deadLetters: Message[] = [];
  private serial = 0;

  toCoordinator(body: object): void {
    this.outcomes.push({ id: `m${++this.serial}`, body, deferrals: 0 });
  }
}

/** Takes the n-th of a list, counted round; undefined when it is empty. */
export function pick<T>(list: readonly T[], n: number): { item: T; index: number } | undefined {
  const index = list.length === 0 ? 0 : n % list.length;
  const item = list[index];
  return item === undefined ? undefined : { item, index };
}

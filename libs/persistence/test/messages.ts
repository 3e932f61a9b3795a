import { envelop, StepProgressed, type Envelope } from '@podway/contracts';
import type { Broker, OutgoingMessage } from '@podway/messaging';

/** A message that says `text`. */
export function saying(text: string): Envelope {
  const progress = {
    deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W',
    step: 'Installing',
    attempt: 1,
    message: text,
  };
  return envelop(Object.assign(new StepProgressed(), progress), { source: 'test', subject: 'acme/shop' });
}

export function textOf({ data }: Pick<Envelope, 'data'>): string {
  return (data as StepProgressed).message;
}

/** Keeps what it is given, unless `refuse` throws. */
export class RecordingBroker {
  readonly got: OutgoingMessage[] = [];
  refuse: (text: string) => void | Promise<void> = () => undefined;

  get texts(): string[] {
    return this.got.map(({ envelope }) => textOf(envelope));
  }

  get port(): Broker {
    const publish = async (message: OutgoingMessage): Promise<void> => {
      await this.refuse(textOf(message.envelope));
      this.got.push(message);
    };
    return { publish } as Partial<Broker> as Broker;
  }
}

import { ClientProxy, type ReadPacket } from '@nestjs/microservices';
import { Envelope, InvalidInputError } from '@podway/contracts';
import { throwError, type Observable } from 'rxjs';
import type { Broker } from '../broker.js';
import { NoReplyError } from '../messaging.errors.js';
import { routed } from '../routing.js';

/**
 * Nest's client over the {@link Broker} port: `emit(type, envelope)` completes when the broker has the message safe.
 * Its errors come through the Observable, so subscribe to it.
 */
export class BrokerClient extends ClientProxy {
  constructor(private readonly broker: Broker) {
    super();
  }

  /** The broker is opened and closed by whoever made it. */
  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // See connect().
  }

  unwrap<T = Broker>(): T {
    return this.broker as T;
  }

  override send<Result = never>(pattern: unknown): Observable<Result> {
    return throwError(() => new NoReplyError(String(pattern)));
  }

  protected publish(packet: ReadPacket): never {
    throw new NoReplyError(String(packet.pattern));
  }

  protected async dispatchEvent<T = undefined>({ pattern, data }: ReadPacket): Promise<T> {
    const envelope: unknown = data;
    if (!(envelope instanceof Envelope) || envelope.type !== pattern) {
      throw new InvalidInputError('Message', [`an Envelope of type ${String(pattern)} is required`]);
    }
    await this.broker.publish(routed(envelope));
    return undefined as T;
  }
}

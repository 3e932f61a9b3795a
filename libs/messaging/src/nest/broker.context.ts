import { BaseRpcContext } from '@nestjs/microservices';
import type { ParsedMessage } from '@podway/contracts';
import type { Delivery } from '../broker.js';

/** What a handler gets by `@Ctx()`. */
export class BrokerContext extends BaseRpcContext<[ParsedMessage, Delivery]> {
  /** Envelope, definition and payload. */
  get message(): ParsedMessage {
    return this.args[0];
  }

  get queue(): string {
    return this.args[1].queue;
  }

  /** 1 for the first. */
  get tries(): number {
    return this.args[1].tries;
  }
}

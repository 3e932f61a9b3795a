import { Injectable } from '@nestjs/common';
import { clientExchangeOf, clientQueuePrefix, type ReplyAddress, type Sender } from '@podway/messaging';
import { BrokerUsers, type BrokerUserEntity, type Identity } from '@podway/persistence';
import { NotAuthenticatedError } from '../problems/api.errors.js';
import { PoisonMessageError } from './message.errors.js';

/** Whose message it is, and where its answer goes. */
export interface KnownSender {
  readonly user: BrokerUserEntity;
  readonly address?: ReplyAddress;
}

/** Tells who is behind a message. RabbitMQ vouches for the user, and Podway's table says whose that is. */
@Injectable()
export class MessageSenders {
  constructor(private readonly users: BrokerUsers) {}

  /** @throws PoisonMessageError for a message that is nobody's, or not sent to its own client's exchange. */
  async known(sender: Sender): Promise<KnownSender> {
    // RabbitMQ takes a message without a user_id, from anybody.
    if (sender.user === undefined) throw new PoisonMessageError('NO_USER', 'The message has no user_id');
    const user = await this.users.find(sender.user);
    if (!user) {
      throw new PoisonMessageError('UNKNOWN_USER', `${sender.user} is no broker user that Podway made`);
    }
    if (sender.exchange !== clientExchangeOf(user.client)) {
      const why = `${user.name} is a user of client ${user.client} and published to ${sender.exchange}`;
      throw new PoisonMessageError('WRONG_CLIENT', why);
    }
    const { replyTo, correlationId } = sender;
    if (replyTo === undefined) return { user };
    if (!replyTo.startsWith(clientQueuePrefix(user.client))) {
      throw new PoisonMessageError('FOREIGN_REPLY_TO', `${user.name} has no queue ${replyTo}`);
    }
    return { user, address: { replyTo, ...(correlationId === undefined ? {} : { correlationId }) } };
  }

  /**
   * Who publishes, with all that it may do at this moment.
   * @throws NotAuthenticatedError for a user that is revoked, or whose client is disabled.
   */
  async publisher(user: BrokerUserEntity): Promise<Identity> {
    const identity = await this.users.identity(user);
    if (!identity) throw new NotAuthenticatedError(true);
    return { ...identity, needs: 'publish' };
  }
}

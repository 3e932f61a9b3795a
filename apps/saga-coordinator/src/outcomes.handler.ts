import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { allMessages, DeploymentChanged } from '@podway/contracts';
import { BrokerContext, EventHandler } from '@podway/messaging';
import { Saga, type ToldInput } from './saga.js';

/** Everything that is told to the coordinator: outcomes, progress, new updates, requests to abort. */
const told = allMessages()
  .filter((message) => message.kind === 'event' && message.payload !== DeploymentChanged)
  .map((message) => message.payload);

@Controller()
export class OutcomesHandler {
  constructor(private readonly saga: Saga) {}

  @EventHandler(told, { prefetch: 16 })
  async handle(@Payload() message: object, @Ctx() context: BrokerContext): Promise<void> {
    await this.saga.receive(context.message.envelope, message as ToldInput);
  }
}

import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { allMessages } from '@podway/contracts';
import { BrokerContext } from '@podway/messaging';
import { Saga, type ToldInput } from './saga.js';

/** Everything that is told to the coordinator: outcomes, progress, new updates, requests to abort. */
const told = allMessages()
  .filter((message) => message.kind === 'event' && message.name !== 'DeploymentChanged')
  .map((message) => message.type);

@Controller()
export class OutcomesHandler {
  constructor(private readonly saga: Saga) {}

  @EventPattern(told, undefined, { prefetch: 16 })
  async handle(@Payload() message: object, @Ctx() context: BrokerContext): Promise<void> {
    await this.saga.receive(context.message.envelope, message as ToldInput);
  }
}

import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  allMessages,
  CheckRequested,
  DeploymentChanged,
  HealingStopped,
  PodChecked,
  ServerDrifted,
  ServerInSync,
  WebhookDisabled,
  WebhookTested,
  type MessageClass,
} from '@podway/contracts';
import { BrokerContext, EventHandler } from '@podway/messaging';
import { Drift } from './drift.js';
import { Saga, type ToldInput } from './saga.js';

/** What nobody tells the coordinator: what it publishes itself, and what is about webhooks. */
const untold: readonly MessageClass[] = [
  ...[DeploymentChanged, ServerDrifted, ServerInSync, HealingStopped],
  ...[WebhookDisabled, WebhookTested],
];

/** Everything that is told to the coordinator: outcomes, progress, new updates, requests to abort, looks at servers. */
const told = allMessages()
  .filter((message) => message.kind === 'event' && !untold.includes(message.payload))
  .map((message) => message.payload);

@Controller()
export class OutcomesHandler {
  constructor(
    private readonly saga: Saga,
    private readonly drift: Drift,
  ) {}

  @EventHandler(told, { prefetch: 16 })
  async handle(@Payload() message: object, @Ctx() context: BrokerContext): Promise<void> {
    const { envelope } = context.message;
    if (message instanceof PodChecked) return this.drift.checked(envelope, message);
    if (message instanceof CheckRequested) return this.drift.requested(envelope, message);
    return this.saga.receive(envelope, message as ToldInput);
  }
}

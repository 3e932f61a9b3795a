import { Controller, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { LookCommand, MessageClass } from '@podway/contracts';
import { BrokerContext, CommandHandler } from '@podway/messaging';
import type { StepRunner } from './step-runner.js';
import type { StepHandler } from './worker.js';

/** Looks at servers, and changes nothing. What it returns is told to the coordinator. */
export interface LookWork<C extends LookCommand> {
  look(command: C): Promise<object | undefined>;
}

/** Binds a command that only looks to the work that answers it. `prefetch`: how many at once in one process. */
export function looks<C extends LookCommand>(
  command: MessageClass<C>,
  work: LookWork<C>,
  { prefetch }: { prefetch: number },
): StepHandler {
  return {
    capacity: 0,
    controller: (steps: StepRunner): Type<unknown> => {
      @Controller()
      class LookController {
        @CommandHandler(command, { prefetch })
        async handle(@Payload() payload: object, @Ctx() context: BrokerContext): Promise<void> {
          const found = await work.look(payload as C);
          if (found) await steps.tell(found, context.message.envelope);
        }
      }
      return LookController;
    },
  };
}

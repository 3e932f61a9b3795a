import type { Command } from 'commander';
import type { NewBrokerUserView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import type { Printer } from '../output/printer.js';

interface CreateOptions {
  pod?: string[];
  note?: string;
  stream?: boolean;
}

export function describeBrokerUserCreate(command: Command): Command {
  return command
    .description('Make a user of RabbitMQ for a client; its password is shown this once')
    .argument('<client>', 'whose user it is')
    .option('--pod <pod...>', 'only for these PODs')
    .option('--note <text>', 'what it is for')
    .option('--stream', 'it may also read the stream of the client’s events');
}

export async function brokerUserCreate(
  context: CommandContext<CreateOptions>,
  client: string,
): Promise<void> {
  const { pod, note, stream } = context.options;
  const podway = await context.podway();
  const made = await podway.createBrokerUser(client, {
    ...(pod === undefined ? {} : { pods: pod }),
    ...(note === undefined ? {} : { note }),
    ...(stream === undefined ? {} : { stream }),
  });
  tell(context.printer, made);
}

export function describeBrokerUserList(command: Command): Command {
  return command.description('List the broker users of a client').argument('<client>', 'whose users');
}

export async function brokerUserList(context: CommandContext<object>, client: string): Promise<void> {
  const { printer } = context;
  const brokerUsers = await (await context.podway()).brokerUsers(client);
  const rows = brokerUsers.map((user) => [
    user.name,
    user.pods?.join(', ') ?? 'all',
    user.createdAt.slice(0, 10),
    user.revokedAt === undefined ? '' : `revoked ${user.revokedAt.slice(0, 10)}`,
    user.note ?? '',
  ]);
  printer.result({ brokerUsers }, () =>
    printer.table(['USER', 'PODS', 'SINCE', 'STATE', 'NOTE'], rows, 'No broker users.'),
  );
}

export function describeBrokerUserRotate(command: Command): Command {
  return command
    .description('Give a broker user a new password, and end what the old one opened')
    .argument('<client>', 'whose user it is')
    .argument('<user>', 'the user');
}

export async function brokerUserRotate(
  context: CommandContext<object>,
  client: string,
  user: string,
): Promise<void> {
  tell(context.printer, await (await context.podway()).rotateBrokerUser(client, user));
}

export function describeBrokerUserRevoke(command: Command): Command {
  return command
    .description('Revoke a broker user at once, and remove it from RabbitMQ')
    .argument('<client>', 'whose user it is')
    .argument('<user>', 'the user');
}

export async function brokerUserRevoke(
  context: CommandContext<object>,
  client: string,
  user: string,
): Promise<void> {
  await context.confirm(`Revoke broker user ${user} for ever?`);
  await (await context.podway()).revokeBrokerUser(client, user);
  context.printer.result({ user, revoked: true }, () => [`Broker user ${user} is revoked.`]);
}

function tell(printer: Printer, made: NewBrokerUserView): void {
  const { name, client, exchange, queuePrefix, streamQueue, password } = made;
  printer.note(
    `User ${name} of ${client}, exchange ${exchange}, own queues ${queuePrefix}…${streamQueue === undefined ? '' : `, stream ${streamQueue}`}. ` +
      'Keep the password: it is not shown again.',
  );
  printer.result(made, () => [password]);
}

import { PodwayError } from '@podway/contracts';

/** RabbitMQ is not installed on this machine. */
export class RabbitMqMissingError extends PodwayError {
  constructor(searched: readonly string[]) {
    super(
      'TESTING.RABBITMQ_MISSING',
      `RabbitMQ is not installed (looked for ${searched.join(', ')}). On Debian, as root: apt-get install rabbitmq-server`,
      { details: { searched } },
    );
  }
}

/** It was started and did not become ready. */
export class RabbitMqStartError extends PodwayError {
  constructor(folder: string, logTail: string) {
    super('TESTING.RABBITMQ_START_FAILED', `RabbitMQ did not become ready: ${logTail}`, {
      details: { folder, logTail },
    });
  }
}

import { PodwayError } from '@podway/contracts';

/** The message cannot be attributed or read: nobody can be answered. It goes to the dead letters at once. */
export class PoisonMessageError extends PodwayError {
  constructor(
    fault: 'NO_USER' | 'UNKNOWN_USER' | 'WRONG_CLIENT' | 'FOREIGN_REPLY_TO' | 'TOO_LARGE',
    message: string,
  ) {
    super(`MESSAGE.${fault}`, message);
  }
}

import { NotConfirmedError, UnroutableMessageError } from '../messaging.errors.js';

/** Whether an answer was taken. Rejects only for what has nothing to do with the queue. */
export async function answered(publish: Promise<void>): Promise<boolean> {
  try {
    await publish;
    return true;
  } catch (error) {
    if (error instanceof UnroutableMessageError || error instanceof NotConfirmedError) return false;
    throw error;
  }
}

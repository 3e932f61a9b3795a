import { Notifications } from '../notifications.js';
import { LOGS_CHANNEL } from './logs.js';

/** Tells when the log of a deployment may have more lines. */
export class LogFeed {
  private readonly notifications: Notifications;

  /** @param pollMs besides being told, it looks as often as this. Default: each second. */
  constructor(url: string, pollMs?: number) {
    this.notifications = new Notifications(url, LOGS_CHANNEL, pollMs);
  }

  start(): void {
    this.notifications.start();
  }

  close(): Promise<void> {
    return this.notifications.close();
  }

  /** Calls `callback` when new lines may be there. Returns the function that ends this. */
  onMore(deploymentId: string, callback: () => void): () => void {
    return this.notifications.on((payload) => {
      if (payload === undefined || payload === deploymentId) callback();
    });
  }
}

import type { DataSource } from 'typeorm';
import type { OutgoingMessage } from '@podway/messaging';
import { recordAudit } from '../audit/audit-scope.js';
import { DriftCheckEntity } from '../entities/index.js';
import { addToOutbox } from '../outbox/outbox.js';

/** Reads when a POD is looked at, and asks for a look. */
export class DriftReader {
  constructor(private readonly dataSource: DataSource) {}

  /** Null: it was never looked at. */
  check(pod: string): Promise<DriftCheckEntity | null> {
    return this.dataSource.manager.findOneBy(DriftCheckEntity, { pod });
  }

  /** Sends the wish to look at a POD, once it is safe in the outbox. */
  async request(
    message: OutgoingMessage,
    { client, pod, deep }: { client: string; pod: string; deep: boolean },
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await addToOutbox(manager, 'ingress', [message]);
      await recordAudit(manager, { client, subject: `pod/${pod}`, detail: { deep } });
    });
  }
}

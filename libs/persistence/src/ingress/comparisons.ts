import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { OutgoingMessage } from '@podway/messaging';
import { addToOutbox } from '../outbox/outbox.js';

/** What came of a question: an answer, or why there is none. */
export type ComparisonAnswer<A> = { readonly answer: A } | { readonly code: string; readonly detail: string };

interface Row<A> {
  answer: A | null;
  code: string | null;
  detail: string | null;
}

const LOOK_EVERY_MS = 50;
/** A question that is older has no one left who waits for the answer. */
const FORGOTTEN_AFTER = "interval '1 hour'";

/**
 * Questions about the states that servers keep. Whoever has servers at hand answers; whoever asked waits for the row.
 */
export class Comparisons {
  constructor(private readonly dataSource: DataSource) {}

  /** Writes the question down and sends it, in one transaction. Questions long over are removed. */
  async ask(id: string, pod: string, question: OutgoingMessage): Promise<void> {
    await this.dataSource.query(
      `delete from ingress.comparisons where asked_at < now() - ${FORGOTTEN_AFTER}`,
    );
    await this.dataSource.transaction(async (manager) => {
      await manager.query('insert into ingress.comparisons (id, pod, asked_at) values ($1, $2, now())', [
        id,
        pod,
      ]);
      await addToOutbox(manager, 'ingress', [question]);
    });
  }

  /** An answer that comes when nobody knows the question any more is dropped. */
  async answer(id: string, answer: ComparisonAnswer<object>): Promise<void> {
    const [given, code, detail] =
      'answer' in answer ? [JSON.stringify(answer.answer)] : [null, answer.code, answer.detail];
    await this.dataSource.query(
      `update ingress.comparisons set answer = $2, code = $3, detail = $4 where id = $1`,
      [id, given, code ?? null, detail?.slice(0, 4000) ?? null],
    );
  }

  /** Waits for the answer; undefined when none has come within the time. */
  async awaited<A>(id: string, timeoutMs: number): Promise<ComparisonAnswer<A> | undefined> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const [row]: Row<A>[] = await this.dataSource.query(
        'select answer, code, detail from ingress.comparisons where id = $1',
        [id],
      );
      if (row?.answer) return { answer: row.answer };
      if (row?.code) return { code: row.code, detail: row.detail ?? '' };
      if (Date.now() >= until) return undefined;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

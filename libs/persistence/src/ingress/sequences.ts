import type { EntityManager } from 'typeorm';
import { SignatureRefusedError } from '@podway/contracts/signatures';
import type { UpdateEntity } from '../entities/index.js';

/** The highest sequence of a signed update that was accepted for this POD; 0: none was. */
export async function highestSequence(manager: EntityManager, client: string, pod: string): Promise<number> {
  const [row]: { sequence: string }[] = await manager.query(
    'select sequence from ingress.sequences where client = $1 and pod = $2',
    [client, pod],
  );
  return Number(row?.sequence ?? 0);
}

/** The sequence is not higher than what was accepted: a replay, or a roll-back to an older update. */
export function sequenceUsed(pod: string, sequence: number): SignatureRefusedError {
  return new SignatureRefusedError(
    'SEQUENCE_USED',
    `Sequence ${sequence} is not higher than the last that POD ${pod} has accepted`,
  );
}

/**
 * Raises the POD's sequence to that of a signed update, in the transaction that accepts it.
 * @throws SignatureRefusedError SIGNATURE.SEQUENCE_USED
 */
export async function raiseSequence(
  manager: EntityManager,
  { id, client, pod, sequence }: Pick<UpdateEntity, 'id' | 'client' | 'pod' | 'sequence'>,
): Promise<void> {
  if (sequence === null) return;
  const raised: unknown[] = await manager.query(
    `insert into ingress.sequences as s (client, pod, sequence, update_id) values ($1, $2, $3, $4)
     on conflict (client, pod) do update
       set sequence = excluded.sequence, update_id = excluded.update_id, raised_at = now()
       where s.sequence < excluded.sequence
     returning 1`,
    [client, pod, sequence, id],
  );
  if (raised.length === 0) throw sequenceUsed(pod, sequence);
}

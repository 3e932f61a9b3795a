import { Button, Code, Group, Paper } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeadLetterView } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Loaded, tellDone } from '../shown/problem.js';
import { ReasonDialog } from '../shown/reason-dialog.js';
import { Ago } from '../shown/times.js';

/** Messages that were given up, by the queue that they died on; and their way back. */
export function DeadLettersView() {
  const { podway } = useSession();
  const queries = useQueryClient();
  const [replaying, setReplaying] = useState<string>();
  const letters = useQuery({ queryKey: ['dead-letters'], queryFn: () => podway.deadLetters({ limit: 200 }) });
  const replay = async (queue: string): Promise<void> => {
    const count = await podway.replayDeadLetters({ queue });
    tellDone(`${count} ${count === 1 ? 'message is' : 'messages are'} back in ${queue}.`);
    await queries.invalidateQueries({ queryKey: ['dead-letters'] });
  };
  return (
    <Loaded query={letters}>
      {({ count, deadLetters }) =>
        count === 0 ? (
          <Empty title="There are no dead letters">Every message was handled. Nothing is to be done.</Empty>
        ) : (
          <>
            <p className="note">
              {count} in all{count > deadLetters.length ? `; the first ${deadLetters.length} are shown` : ''}.
            </p>
            {[...byQueue(deadLetters)].map(([queue, ofQueue]) => (
              <section key={queue} aria-label={queue}>
                <Group justify="space-between" mb="xs">
                  <h2 className="block-title">
                    <code className="mono">{queue}</code> ({ofQueue.length})
                  </h2>
                  <Button variant="default" size="xs" onClick={() => setReplaying(queue)}>
                    Replay
                  </Button>
                </Group>
                {ofQueue.map((letter) => (
                  <Letter key={letter.messageId} letter={letter} />
                ))}
              </section>
            ))}
            {replaying !== undefined && (
              <ReasonDialog
                title="Replay the dead letters?"
                text={`All messages that died on ${replaying} are put back into it, and handled again. Mend the cause first.`}
                confirm="Replay them"
                withReason={false}
                onClose={() => setReplaying(undefined)}
                onConfirm={() => replay(replaying)}
              />
            )}
          </>
        )
      }
    </Loaded>
  );
}

function Letter({ letter: { code, reason, tries, diedAt, body } }: { letter: DeadLetterView }) {
  return (
    <Paper withBorder p="sm" mb="xs">
      <b>{code}</b>: {reason}
      <p className="note">
        Died <Ago at={diedAt} />, after {tries} {tries === 1 ? 'try' : 'tries'}.
      </p>
      <details>
        <summary>Message</summary>
        <Code block tabIndex={0}>
          {body}
        </Code>
      </details>
    </Paper>
  );
}

function byQueue(letters: readonly DeadLetterView[]): Map<string, DeadLetterView[]> {
  const found = new Map<string, DeadLetterView[]>();
  for (const letter of letters) found.set(letter.queue, [...(found.get(letter.queue) ?? []), letter]);
  return found;
}

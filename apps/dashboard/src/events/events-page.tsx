import { Chip, Group, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useSession } from '../session/session.js';
import { Download } from '../shown/download.js';
import { Empty } from '../shown/empty.js';
import { Heading } from '../shown/heading.js';
import { Icon } from '../shown/icon.js';
import { Problem } from '../shown/problem.js';
import { EventTail } from './event-tail.js';
import { levels, toldEvent, type Level } from './event-words.js';
import { allEvents, useEventTail } from './use-event-tail.js';

/** What happens, as it happens; searched and filtered on the page. */
export function EventsPage() {
  const { podway } = useSession();
  const [params, setParams] = useSearchParams();
  const pod = params.get('pod') ?? '';
  const at = params.get('at');
  const [text, setText] = useState('');
  const [shown, setShown] = useState<readonly string[]>(levels.filter((level) => level !== 'detail'));
  const { items: events, problem } = useEventTail(podway, pod, at === null ? undefined : Number(at));
  const found = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return events.filter((event) => {
      const told = toldEvent(event);
      return (
        shown.includes(told.level) &&
        (wanted === '' ||
          `${told.text} ${told.server ?? ''} ${event.subject ?? ''}`.toLowerCase().includes(wanted))
      );
    });
  }, [events, text, shown]);
  return (
    <>
      <Heading title="Events" below="Live, the newest last. Scroll up and the view stays where it is.">
        <TextInput
          aria-label="POD"
          placeholder="POD"
          defaultValue={pod}
          onKeyDown={(event) => {
            const value = event.currentTarget.value.trim();
            if (event.key === 'Enter') setParams(value === '' ? {} : { pod: value });
          }}
        />
        <Download
          parts={(signal) => allEvents(podway, pod, signal)}
          fileName={pod === '' ? 'podway-events.ndjson' : `podway-events-${pod}.ndjson`}
          mediaType="application/x-ndjson"
        />
      </Heading>
      <Group mb="sm" gap="sm">
        <TextInput
          aria-label="Search in the events"
          placeholder="Search"
          leftSection={<Icon name="search" />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Chip.Group multiple value={[...shown]} onChange={setShown}>
          <Group gap={6} role="group" aria-label="Levels">
            {levels.map((level: Level) => (
              <Chip key={level} value={level} size="xs" variant="outline">
                {level}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </Group>
      {problem !== undefined && <Problem error={problem} />}
      {found.length === 0 ? (
        <Empty title={events.length === 0 ? 'Nothing has happened here yet' : 'No event is like that'}>
          {events.length === 0
            ? 'What happens appears here by itself.'
            : 'Choose more levels, or search for something else.'}
        </Empty>
      ) : (
        <EventTail events={found} at={at} />
      )}
    </>
  );
}

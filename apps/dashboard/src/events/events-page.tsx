import { Button, Chip, Group } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { Envelope } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Download } from '../shown/download.js';
import { Empty } from '../shown/empty.js';
import { FilterField } from '../shown/filter-field.js';
import { Heading } from '../shown/heading.js';
import { Problem } from '../shown/problem.js';
import { TypedFilter } from '../shown/typed-filter.js';
import { useFilters } from '../shown/use-filters.js';
import { MOST_LINES } from '../shown/use-stream.js';
import { EventTail } from './event-tail.js';
import { levels, levelsIn, levelsText, toldEvent } from './event-words.js';
import { allEvents, BACK, useEventTail } from './use-event-tail.js';

/** What happens, as it happens; filtered on the page, and the filters are in the address. */
export function EventsPage() {
  const { podway } = useSession();
  const [params, set] = useFilters();
  const pod = params.get('pod') ?? '';
  const search = params.get('search') ?? '';
  const shown = params.get('levels');
  const at = params.get('at');
  // From the line on that somebody came for: a line that is chosen later is there already.
  const [start, setStart] = useState(at === null ? undefined : Number(at));
  const [back, setBack] = useState(BACK);
  const { items: events, problem } = useEventTail(podway, { pod, at: start, back });
  const found = useMemo(() => events.filter(wantedBy(search, shown, at)), [events, search, shown, at]);
  return (
    <>
      <Heading title="Events" below="Live, the newest last. Scroll up and the view stays where it is.">
        <FilterField
          name="POD"
          hint="POD, Enter"
          value={pod}
          onFilter={(value) => {
            setStart(undefined);
            set({ pod: value, at: '' });
          }}
        />
        <Download
          parts={(signal) => allEvents(podway, pod, signal)}
          fileName={pod === '' ? 'podway-events.ndjson' : `podway-events-${pod}.ndjson`}
          mediaType="application/x-ndjson"
        />
      </Heading>
      <Group mb="sm" gap="sm">
        <TypedFilter
          name="Search in the events"
          hint="Search"
          value={search}
          onFilter={(text) => set({ search: text }, true)}
        />
        <Chip.Group
          multiple
          value={levelsIn(shown)}
          onChange={(chosen) => set({ levels: levelsText(chosen) })}
        >
          <Group gap={6} role="group" aria-label="Levels">
            {levels.map((level) => (
              <Chip key={level} value={level} size="xs" variant="outline">
                {level}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </Group>
      {problem !== undefined && <Problem error={problem} />}
      {found.length > 0 ? (
        <EventTail label="Events" events={found} at={at} />
      ) : (
        problem === undefined && <NoEvents any={events.length > 0} />
      )}
      <p className="note" role="status">
        {events.length >= MOST_LINES
          ? `The last ${MOST_LINES} events are looked through; the download has all.`
          : back < MOST_LINES &&
            Number(events[0]?.sequence ?? 0) > 1 && (
              <>
                Earlier events are left out.{' '}
                <Button size="compact-xs" variant="default" onClick={() => setBack(MOST_LINES)}>
                  Look through them
                </Button>
              </>
            )}
      </p>
    </>
  );
}

/** What was asked for, and the line that the address names whatever it is. */
function wantedBy(search: string, shown: string | null, at: string | null): (event: Envelope) => boolean {
  const chosen = levelsIn(shown);
  const words = search.toLowerCase();
  return (event) => {
    if (event.sequence !== undefined && event.sequence === at) return true;
    const { level, text, server = '' } = toldEvent(event);
    const all = `${text} ${server} ${event.subject ?? ''} ${event.type}`;
    return chosen.includes(level) && all.toLowerCase().includes(words);
  };
}

function NoEvents({ any }: { any: boolean }) {
  return (
    <Empty title={any ? 'No event is like that' : 'Nothing has happened here yet'}>
      {any
        ? 'Choose more levels, or search for something else.'
        : 'Publish an update: what happens appears here by itself.'}
    </Empty>
  );
}

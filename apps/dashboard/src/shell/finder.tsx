import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { ULID } from '@podway/contracts/plain';
import { operationsOf } from '../operations/operations-tabs.js';
import { useSession } from '../session/session.js';
import { Icon } from '../shown/icon.js';
import { healths, states } from '../shown/words.js';

/** Of each kind. */
const MOST = 8;
/** Deployments that are looked through by their labels. */
const RECENT = 200;

/** Ctrl-K: any view, any POD, a recent deployment by a few letters, and each deployment by its id. */
export function Finder() {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const groups = useGroups(text, open);
  return (
    <Spotlight
      actions={groups}
      // What is asked for is found by the server or above: not once more by the words that are shown.
      filter={(_, actions) => actions}
      query={text}
      onQueryChange={setText}
      onSpotlightOpen={() => setOpen(true)}
      onSpotlightClose={() => setOpen(false)}
      shortcut={['mod + K', '/']}
      nothingFound="Nothing is called that"
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <Icon name="search" />,
        placeholder: 'Find a POD, deployment or view',
        'aria-label': 'Find',
      }}
    />
  );
}

function useGroups(text: string, open: boolean): SpotlightActionGroupData[] {
  const { podway, caller } = useSession();
  const go = useNavigate();
  const typed = text.trim().toLowerCase();
  const [find] = useDebouncedValue(typed, 150);
  const pods = useQuery({
    queryKey: ['fleet', 'finder', find],
    queryFn: () => podway.fleet({ limit: MOST, ...(find === '' ? {} : { find: find.slice(0, 63) }) }),
    enabled: open,
    placeholderData: keepPreviousData,
  });
  const recent = useQuery({
    queryKey: ['deployments', 'finder'],
    queryFn: () => podway.deployments({ limit: RECENT }),
    enabled: open,
  });
  const id = ULID.test(find.toUpperCase()) ? find.toUpperCase() : undefined;
  const byId = useQuery({
    queryKey: ['deployment', id],
    queryFn: () => podway.deployment(id ?? '').get(),
    enabled: open && id !== undefined,
  });
  const action = (label: string, to: string, description?: string): SpotlightActionData => ({
    id: to,
    label,
    ...(description === undefined ? {} : { description }),
    onClick: () => void go(to),
  });
  const has = (...words: (string | undefined)[]): boolean =>
    words.some((word) => word?.toLowerCase().includes(typed));
  // Until the server has answered, what was there before: nothing jumps away from under the keyboard.
  const answered = find === typed && !pods.isPlaceholderData;
  const found = (pods.data?.pods ?? []).filter((pod) => answered || has(pod.name, pod.client, ...pod.hosts));
  const deployments = byId.data ? [byId.data] : (recent.data ?? []);
  const views = [
    { label: 'Fleet', to: '/' },
    { label: 'Deployments', to: '/deployments' },
    { label: 'Events', to: '/events' },
    ...operationsOf(caller).map(({ label, value }) => ({
      label: `Operations: ${label}`,
      to: `/operations/${value}`,
    })),
  ];
  const groups = [
    {
      group: 'PODs',
      actions: found.map(({ name, client, health }) =>
        action(name, `/pods/${name}`, `${client}, ${healths[health].word.toLowerCase()}`),
      ),
    },
    {
      group: 'Deployments',
      actions: deployments
        .filter((one) => has(one.label, one.id, one.pod, states[one.state].word))
        .slice(0, MOST)
        .map((one) =>
          action(
            `${one.label ?? one.id} on ${one.pod}`,
            `/deployments/${one.id}`,
            `${states[one.state].word}, ${one.id}`,
          ),
        ),
    },
    {
      group: 'Views',
      actions: views.filter(({ label }) => has(label)).map(({ label, to }) => action(label, to)),
    },
  ];
  // A heading alone would stand for something found.
  return groups.filter(({ actions }) => actions.length > 0);
}

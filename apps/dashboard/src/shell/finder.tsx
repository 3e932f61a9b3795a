import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useSession } from '../session/session.js';
import { Icon } from '../shown/icon.js';
import { healths, states } from '../shown/words.js';

/** Ctrl-K: any view, POD or deployment by a few letters. */
export function Finder() {
  const { podway } = useSession();
  const go = useNavigate();
  const [text, setText] = useState('');
  const [find] = useDebouncedValue(text.trim().toLowerCase(), 150);
  const pods = useQuery({
    queryKey: ['fleet', 'finder', find],
    queryFn: () => podway.fleet({ limit: 8, ...(find === '' ? {} : { find }) }),
    refetchInterval: false,
  });
  const recent = useQuery({
    queryKey: ['deployments', 'finder'],
    queryFn: () => podway.deployments({ limit: 8 }),
    refetchInterval: false,
  });
  const action = (label: string, to: string, description?: string): SpotlightActionData => ({
    id: to,
    label,
    ...(description === undefined ? {} : { description }),
    onClick: () => void go(to),
  });
  const groups: SpotlightActionGroupData[] = [
    {
      group: 'PODs',
      actions: (pods.data?.pods ?? []).map(({ name, client, health }) =>
        action(name, `/pods/${name}`, `${client}, ${healths[health].word.toLowerCase()}`),
      ),
    },
    {
      group: 'Deployments',
      actions: (recent.data ?? []).map(({ id, pod, label, state }) =>
        action(`${label ?? id} on ${pod}`, `/deployments/${id}`, states[state].word),
      ),
    },
    {
      group: 'Views',
      actions: [
        action('Fleet', '/'),
        action('Deployments', '/deployments'),
        action('Events', '/events'),
        action('Operations now', '/operations/now'),
        action('Dead letters', '/operations/dead-letters'),
        action('Audit log', '/operations/audit'),
        action('Clients', '/operations/clients'),
        action('Keys', '/operations/keys'),
      ],
    },
  ];
  return (
    <Spotlight
      actions={groups}
      query={text}
      onQueryChange={setText}
      limit={12}
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

import { Button, Group, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import type { FleetFilter } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Heading } from '../shown/heading.js';
import { Icon } from '../shown/icon.js';
import { Problem } from '../shown/problem.js';
import { FleetFilters } from './fleet-filters.js';
import { FleetTable } from './fleet-table.js';

/** A row for each POD, the worst first; the totals are filters. */
export function FleetPage() {
  const { podway } = useSession();
  const [params, setParams] = useSearchParams();
  const show = (params.get('show') ?? undefined) as FleetFilter | undefined;
  const find = params.get('find') ?? '';
  const fleet = useInfiniteQuery({
    queryKey: ['fleet', show, find],
    queryFn: ({ pageParam }) =>
      podway.fleet({
        ...(show === undefined ? {} : { show }),
        ...(find === '' ? {} : { find }),
        ...(pageParam === undefined ? {} : { after: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const search = useDebouncedCallback((text: string) => {
    setParams((old) => {
      const next = new URLSearchParams(old);
      if (text === '') next.delete('find');
      else next.set('find', text.toLowerCase());
      return next;
    });
  }, 250);
  const pages = fleet.data?.pages ?? [];
  const pods = pages.flatMap((page) => page.pods);
  const totals = pages[0]?.totals;
  return (
    <>
      <Heading
        title="Fleet"
        below={totals && `${totals.all} ${totals.all === 1 ? 'POD' : 'PODs'}, the worst first`}
      >
        <TextInput
          aria-label="Find PODs by name, client or host"
          placeholder="Name, client or host"
          leftSection={<Icon name="search" />}
          defaultValue={find}
          maxLength={63}
          onChange={(event) => search(event.currentTarget.value.trim())}
        />
      </Heading>
      {totals && <FleetFilters totals={totals} show={show} find={find} />}
      {fleet.error && !fleet.data && <Problem error={fleet.error} onRetry={() => void fleet.refetch()} />}
      {totals && pods.length > 0 && <FleetTable pods={pods} />}
      {totals?.all === 0 && find === '' && (
        <Empty title="There are no PODs yet">
          Describe the first one in <code>pods.yaml</code> and run <code>podway pods apply -f pods.yaml</code>
          .
        </Empty>
      )}
      {totals && pods.length === 0 && (totals.all > 0 || find !== '') && (
        <Empty title="No POD is like that">Choose another filter, or look for something else.</Empty>
      )}
      {fleet.hasNextPage && (
        <Group justify="center" mt="md">
          <Button
            variant="default"
            loading={fleet.isFetchingNextPage}
            onClick={() => void fleet.fetchNextPage()}
          >
            More PODs
          </Button>
        </Group>
      )}
    </>
  );
}

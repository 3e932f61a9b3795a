import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { FleetFilter } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Heading } from '../shown/heading.js';
import { NextPage } from '../shown/pages.js';
import { Problem } from '../shown/problem.js';
import { TypedFilter } from '../shown/typed-filter.js';
import { useFilters } from '../shown/use-filters.js';
import { FleetFilters } from './fleet-filters.js';
import { FleetTable } from './fleet-table.js';

/** A row for each POD, the worst first; the totals are filters. */
export function FleetPage() {
  const { podway } = useSession();
  const [params, set] = useFilters();
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
  const pages = fleet.data?.pages ?? [];
  const pods = pages.flatMap((page) => page.pods);
  const totals = pages[0]?.totals;
  return (
    <>
      <Heading
        title="Fleet"
        below={totals && `${totals.all} ${totals.all === 1 ? 'POD' : 'PODs'}, the worst first`}
      >
        <TypedFilter
          name="Find PODs by name, client or host"
          hint="Name, client or host"
          value={find}
          onFilter={(text) => set({ find: text.toLowerCase() }, true)}
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
      <NextPage of={fleet}>More PODs</NextPage>
    </>
  );
}

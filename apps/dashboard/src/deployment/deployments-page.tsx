import { Button, Group, NativeSelect } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { DeploymentState } from '@podway/contracts';
import { deploymentStates } from '@podway/contracts/plain';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { FilterField } from '../shown/filter-field.js';
import { Heading } from '../shown/heading.js';
import { Problem } from '../shown/problem.js';
import { useFilters } from '../shown/use-filters.js';
import { states } from '../shown/words.js';
import { DeploymentTable } from './deployment-table.js';

const PAGE = 50;

/** Deployments of all PODs, newest first. */
export function DeploymentsPage() {
  const [params, set] = useFilters();
  const state = deploymentStates.find((one) => one === params.get('state'));
  const pod = params.get('pod') ?? '';
  return (
    <>
      <Heading title="Deployments" below="Newest first">
        <FilterField name="POD" hint="POD, Enter" value={pod} onFilter={(value) => set({ pod: value })} />
        <NativeSelect
          aria-label="State"
          value={state ?? ''}
          data={[
            { value: '', label: 'Any state' },
            ...deploymentStates.map((value) => ({ value, label: states[value].word })),
          ]}
          onChange={(event) => set({ state: event.currentTarget.value })}
        />
      </Heading>
      <DeploymentPages pod={pod === '' ? undefined : pod} state={state} />
    </>
  );
}

/** Page by page, as the server has them. */
export function DeploymentPages({
  pod,
  state,
}: {
  pod?: string | undefined;
  state?: DeploymentState | undefined;
}) {
  const { podway } = useSession();
  const list = useInfiniteQuery({
    queryKey: ['deployments', pod, state],
    queryFn: ({ pageParam }) =>
      podway.deployments({
        limit: PAGE,
        ...(pod === undefined ? {} : { pod }),
        ...(state === undefined ? {} : { state }),
        ...(pageParam === undefined ? {} : { before: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.length < PAGE ? undefined : page.at(-1)?.id),
  });
  const found = list.data?.pages.flat() ?? [];
  if (list.error && !list.data) return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data && found.length === 0) {
    return (
      <Empty title="There are no deployments here">
        Publish the first update: <code>podway publish FOLDER --pod {pod ?? 'POD'}</code>
      </Empty>
    );
  }
  return (
    <>
      <DeploymentTable deployments={found} withPod={pod === undefined} />
      {list.hasNextPage && (
        <Group justify="center" mt="md">
          <Button
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Older deployments
          </Button>
        </Group>
      )}
    </>
  );
}

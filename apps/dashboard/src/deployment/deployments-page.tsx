import { NativeSelect } from '@mantine/core';
import type { DeploymentState } from '@podway/contracts';
import { deploymentStates } from '@podway/contracts/plain';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { FilterField } from '../shown/filter-field.js';
import { Heading } from '../shown/heading.js';
import { NextPage, usePages } from '../shown/pages.js';
import { Loaded } from '../shown/problem.js';
import { useFilters } from '../shown/use-filters.js';
import { states } from '../shown/words.js';
import { DeploymentTable } from './deployment-table.js';

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
  const list = usePages({
    queryKey: ['deployments', pod, state],
    limit: 50,
    read: (limit, before?: string) =>
      podway.deployments({
        limit,
        ...(pod === undefined ? {} : { pod }),
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before }),
      }),
    placeOf: ({ id }) => id,
  });
  return (
    <>
      <Loaded query={list}>
        {(found) =>
          found.length === 0 ? (
            <Empty title="There are no deployments here">
              Publish the first update: <code>podway publish FOLDER --pod {pod ?? 'POD'}</code>
            </Empty>
          ) : (
            <DeploymentTable deployments={found} withPod={pod === undefined} />
          )
        }
      </Loaded>
      <NextPage of={list}>Older deployments</NextPage>
    </>
  );
}

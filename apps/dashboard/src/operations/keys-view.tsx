import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { KeyView } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { FilterField } from '../shown/filter-field.js';
import { Mark } from '../shown/mark.js';
import { NextPage, usePages } from '../shown/pages.js';
import { Loaded, tellDone } from '../shown/problem.js';
import { ReasonDialog } from '../shown/reason-dialog.js';
import { Ago } from '../shown/times.js';
import { useFilters } from '../shown/use-filters.js';
import type { Shown } from '../shown/words.js';

function shownOf({ revokedAt, expiresAt }: KeyView): Shown {
  if (revokedAt !== undefined) return { word: 'Revoked', icon: 'cross', tone: 'quiet' };
  if (expiresAt !== undefined && Date.parse(expiresAt) < Date.now())
    return { word: 'Expired', icon: 'clock', tone: 'quiet' };
  return { word: 'In force', icon: 'check', tone: 'good' };
}

/** API keys, newest first; never their texts. */
export function KeysView() {
  const { podway, caller } = useSession();
  const queries = useQueryClient();
  const [revoking, setRevoking] = useState<KeyView>();
  const [params, set] = useFilters();
  const client = params.get('client') ?? '';
  const keys = usePages({
    queryKey: ['keys', client],
    limit: 100,
    read: (limit, before?: string) =>
      podway.keys({
        limit,
        ...(client === '' ? {} : { client }),
        ...(before === undefined ? {} : { before }),
      }),
    placeOf: ({ id }) => id,
  });
  return (
    <>
      <Group mb="sm">
        <FilterField
          labelled
          name="Client"
          hint="acme, or *, Enter"
          value={client}
          onFilter={(value) => set({ client: value })}
        />
      </Group>
      <Loaded query={keys}>
        {(data) =>
          data.length === 0 ? (
            <Empty title="There are no keys of this client">Choose another client, or none.</Empty>
          ) : (
            <>
              <table className="grid">
                <caption>API keys, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Key</th>
                    <th scope="col">Client</th>
                    <th scope="col">Role</th>
                    <th scope="col">State</th>
                    <th scope="col">Last used</th>
                    <th scope="col">PODs</th>
                    <th scope="col">Action</th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((key) => (
                    <tr key={key.id}>
                      <td className="main-cell" data-label="Key">
                        <div>
                          <span className="mono">{key.id}</span>
                          <small>
                            {[key.publisher, key.note].filter((one) => one !== undefined).join(', ')}
                          </small>
                        </div>
                      </td>
                      <td data-label="Client">{key.client === '*' ? 'hosting service' : key.client}</td>
                      <td data-label="Role">{key.role}</td>
                      <td data-label="State">
                        <Mark shown={shownOf(key)} quiet />
                      </td>
                      <td data-label="Last used">{key.lastUsedAt ? <Ago at={key.lastUsedAt} /> : 'never'}</td>
                      <td data-label="PODs" className="long">
                        {key.pods?.join(', ') ?? 'all'}
                      </td>
                      <td data-label="Action">
                        {key.revokedAt === undefined && key.id !== caller.credential ? (
                          <Button
                            size="compact-sm"
                            variant="default"
                            aria-label={`Revoke key ${key.id}`}
                            onClick={() => setRevoking(key)}
                          >
                            Revoke
                          </Button>
                        ) : (
                          '-'
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {revoking && (
                <ReasonDialog
                  title={`Revoke key ${revoking.id}?`}
                  text="Whoever holds it is refused at once. It cannot be undone: a new key can be made instead."
                  confirm="Revoke it"
                  withReason={false}
                  onClose={() => setRevoking(undefined)}
                  onConfirm={async () => {
                    await podway.revokeKey(revoking.id);
                    tellDone(`Key ${revoking.id} is revoked.`);
                    await queries.invalidateQueries({ queryKey: ['keys'] });
                  }}
                />
              )}
            </>
          )
        }
      </Loaded>
      <NextPage of={keys}>Older keys</NextPage>
    </>
  );
}

import { Link } from 'react-router';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Mark } from '../shown/mark.js';
import { NextPage, usePages } from '../shown/pages.js';
import { Loaded } from '../shown/problem.js';
import { Ago } from '../shown/times.js';

export function ClientsView() {
  const { podway } = useSession();
  const clients = usePages({
    queryKey: ['clients', 'pages'],
    limit: 100,
    read: (limit, after?: string) => podway.clients({ limit, ...(after === undefined ? {} : { after }) }),
    placeOf: ({ name }) => name,
  });
  return (
    <>
      <Loaded query={clients}>
        {(data) =>
          data.length === 0 ? (
            <Empty title="There are no clients yet">
              A client comes with its first POD, or by <code>podway clients create NAME</code>.
            </Empty>
          ) : (
            <table className="grid">
              <caption>Clients, by name</caption>
              <thead>
                <tr>
                  <th scope="col">Client</th>
                  <th scope="col">State</th>
                  <th scope="col">Since</th>
                  <th scope="col">Note</th>
                  <th scope="col">Limits</th>
                </tr>
              </thead>
              <tbody>
                {data.map(({ name, note, createdAt, disabledAt }) => (
                  <tr key={name}>
                    <td className="main-cell" data-label="Client">
                      <Link to={`/?find=${name}`}>{name}</Link>
                    </td>
                    <td data-label="State">
                      <Mark
                        quiet
                        shown={
                          disabledAt === undefined
                            ? { word: 'Enabled', icon: 'check', tone: 'good' }
                            : { word: 'Disabled', icon: 'pause', tone: 'warn' }
                        }
                      />
                    </td>
                    <td data-label="Since">
                      <Ago at={disabledAt ?? createdAt} />
                    </td>
                    <td data-label="Note" className="long">
                      {note ?? '-'}
                    </td>
                    <td data-label="Limits">
                      <Link to={`/operations/quotas?client=${name}`}>Quota of {name}</Link>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
      <NextPage of={clients}>More clients</NextPage>
    </>
  );
}

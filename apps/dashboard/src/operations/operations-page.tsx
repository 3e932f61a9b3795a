import { Tabs } from '@mantine/core';
import { useNavigate, useParams } from 'react-router';
import { mayForAll, useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Heading } from '../shown/heading.js';
import { AuditView } from './audit-view.js';
import { ClientsView } from './clients-view.js';
import { DeadLettersView } from './dead-letters-view.js';
import { KeysView } from './keys-view.js';
import { NowView } from './now-view.js';
import { QuotasView } from './quotas-view.js';

/** What keeps the service going: for the hosting service, and quotas for clients. */
export function OperationsPage() {
  const { caller } = useSession();
  const go = useNavigate();
  const operates = mayForAll(caller, 'operate');
  const administers = mayForAll(caller, 'administer');
  const tabs = [
    ...(operates
      ? [
          { value: 'now', label: 'Now', view: <NowView /> },
          { value: 'dead-letters', label: 'Dead letters', view: <DeadLettersView /> },
        ]
      : []),
    ...(administers
      ? [
          { value: 'audit', label: 'Audit log', view: <AuditView /> },
          { value: 'clients', label: 'Clients', view: <ClientsView /> },
          { value: 'keys', label: 'Keys', view: <KeysView /> },
        ]
      : []),
    { value: 'quotas', label: 'Quotas', view: <QuotasView /> },
  ];
  const { view = tabs[0]?.value } = useParams();
  return (
    <>
      <Heading title="Operations" />
      <Tabs value={view ?? null} onChange={(to) => void go(`/operations/${to ?? ''}`)} keepMounted={false}>
        <Tabs.List mb="md">
          {tabs.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map((tab) => (
          <Tabs.Panel key={tab.value} value={tab.value}>
            {tab.view}
          </Tabs.Panel>
        ))}
      </Tabs>
      {!tabs.some(({ value }) => value === view) && (
        <Empty title="This is for the hosting service">Sign in with a key of an operator or an admin.</Empty>
      )}
    </>
  );
}

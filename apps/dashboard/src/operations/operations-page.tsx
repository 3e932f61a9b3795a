import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Heading } from '../shown/heading.js';
import { AuditView } from './audit-view.js';
import { ClientsView } from './clients-view.js';
import { DeadLettersView } from './dead-letters-view.js';
import { KeysView } from './keys-view.js';
import { NowView } from './now-view.js';
import { operationsOf, type OperationsTab } from './operations-tabs.js';
import { QuotasView } from './quotas-view.js';

const views: Readonly<Record<OperationsTab['value'], ReactNode>> = {
  now: <NowView />,
  'dead-letters': <DeadLettersView />,
  audit: <AuditView />,
  clients: <ClientsView />,
  keys: <KeysView />,
  quotas: <QuotasView />,
};

/** What keeps the service going: for the hosting service, and quotas for clients. */
export function OperationsPage() {
  const { caller } = useSession();
  const go = useNavigate();
  const tabs = operationsOf(caller);
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
        {tabs.map(({ value }) => (
          <Tabs.Panel key={value} value={value}>
            {views[value]}
          </Tabs.Panel>
        ))}
      </Tabs>
      {!tabs.some(({ value }) => value === view) && <Hidden view={view} />}
    </>
  );
}

function Hidden({ view = '' }: { view: string | undefined }) {
  return view in views ? (
    <Empty title="This is for the hosting service">Sign in with a key of an operator or an admin.</Empty>
  ) : (
    <Empty title="There is nothing here">Choose one of the views above.</Empty>
  );
}

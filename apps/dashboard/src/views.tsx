import { Route, Routes } from 'react-router';
import { DeploymentPage } from './deployment/deployment-page.js';
import { DeploymentsPage } from './deployment/deployments-page.js';
import { EventsPage } from './events/events-page.js';
import { FleetPage } from './fleet/fleet-page.js';
import { OperationsPage } from './operations/operations-page.js';
import { PodPage } from './pod/pod-page.js';
import { Empty } from './shown/empty.js';

/** What is shown at which address. */
export function Views() {
  return (
    <Routes>
      <Route index element={<FleetPage />} />
      <Route path="pods/:pod/:view?" element={<PodPage />} />
      <Route path="deployments" element={<DeploymentsPage />} />
      <Route path="deployments/:id/:view?" element={<DeploymentPage />} />
      <Route path="events" element={<EventsPage />} />
      <Route path="operations/:view?" element={<OperationsPage />} />
      <Route
        path="*"
        element={<Empty title="There is nothing here">Choose a view in the navigation.</Empty>}
      />
    </Routes>
  );
}

import type { CallerView, Right } from '@podway/contracts';
import { mayForAll } from '../session/session.js';

/** Parts of the operations. `right`: of the hosting service, that it takes to see one. */
const tabs = [
  { value: 'now', label: 'Now', right: 'operate' },
  { value: 'dead-letters', label: 'Dead letters', right: 'operate' },
  { value: 'audit', label: 'Audit log', right: 'administer' },
  { value: 'clients', label: 'Clients', right: 'administer' },
  { value: 'keys', label: 'Keys', right: 'administer' },
  { value: 'quotas', label: 'Quotas' },
] as const satisfies readonly { value: string; label: string; right?: Right }[];

export type OperationsTab = (typeof tabs)[number];

/** What this caller may see, in order. */
export function operationsOf(caller: CallerView): readonly OperationsTab[] {
  return tabs.filter((tab) => !('right' in tab) || mayForAll(caller, tab.right));
}

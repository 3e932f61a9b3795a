import { createContext, useContext } from 'react';
import type { CallerView, Right } from '@podway/contracts';
import type { Podway } from '@podway/sdk';

/** Who is signed in, and the API in that one's name. */
export interface Session {
  readonly podway: Podway;
  readonly caller: CallerView;
  signOut(why?: string): void;
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('only for what is shown to somebody signed in');
  return session;
}

/** Whether the server would let the caller do this with the POD. It decides itself: this only spares vain buttons. */
export function may({ scopes }: CallerView, right: Right, client: string, pod?: string): boolean {
  return scopes.some(
    (scope) =>
      scope.rights.includes(right) &&
      (scope.client === '*' || scope.client === client) &&
      (scope.pods === undefined || (pod !== undefined && scope.pods.includes(pod))),
  );
}

/** Whether it is somebody of the hosting service with this right. */
export function mayForAll(caller: CallerView, right: Right): boolean {
  return caller.scopes.some((scope) => scope.client === '*' && scope.rights.includes(right));
}

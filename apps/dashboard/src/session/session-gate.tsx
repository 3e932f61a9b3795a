import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { ApiError, Podway } from '@podway/sdk';
import { keptKey } from './kept-key.js';
import { SessionContext, type Session } from './session.js';
import { SignIn } from './sign-in.js';

const apiWith = (key: string): Podway =>
  new Podway({ url: window.location.origin, key, retry: { attempts: 3 } });

/** Shows the sign-in until somebody is known, and what is inside to that one. */
export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<string>();
  const [trying, setTrying] = useState(() => keptKey.read() !== undefined);

  const signOut = useCallback(
    (why?: string) => {
      keptKey.forget();
      queries.clear();
      setProblem(why);
      setSession(undefined);
    },
    [queries],
  );

  const signIn = useCallback(
    async (key: string): Promise<boolean> => {
      setTrying(true);
      try {
        const podway = apiWith(key);
        const caller = await podway.caller();
        setProblem(undefined);
        setSession({ podway, caller, signOut });
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) keptKey.forget();
        setProblem(error instanceof Error ? error.message : String(error));
        return false;
      } finally {
        setTrying(false);
      }
    },
    [signOut],
  );

  useEffect(() => {
    const key = keptKey.read();
    if (key !== undefined) void signIn(key);
  }, [signIn]);

  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (error instanceof ApiError && error.status === 401) signOut('Your key is no longer valid.');
      }),
    [queries, signOut],
  );

  if (session) return <SessionContext value={session}>{children}</SessionContext>;
  return (
    <SignIn
      problem={problem}
      trying={trying}
      onSignIn={(key, stay) => {
        void signIn(key).then((known) => {
          if (known) keptKey.keep(key, stay);
        });
      }}
    />
  );
}
